#include "support/schedules/schedules.hpp"

#include "reports/formats/schedule_csv.hpp"
#include "sim/assemble/automatic_schedule.hpp"
#include "support/written.hpp"

namespace pipesim::test {

const std::vector<KnownSchedule>& flush_schedules() {
  static const std::vector<KnownSchedule> schedules{*find_schedule("gpipe"),
                                                    *find_schedule("1f1b")};
  return schedules;
}

std::optional<Schedule> made(const KnownSchedule& known, PipelineShape shape) {
  if (!known.any_virtual_stages || shape.virtual_stages == 1) {
    shape.virtual_stages = known.virtual_stages;
  }
  if (refusal_of(known, shape)) return std::nullopt;
  return known.automatic ? automatic_for_equal_stages(known, shape) : known.generate(shape);
}

std::string csv(const Schedule& schedule) {
  return written(write_schedule_csv, schedule);
}

}  // namespace pipesim::test

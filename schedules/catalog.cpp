#include "schedules/catalog.hpp"

#include "schedules/gpipe.hpp"
#include "schedules/one_f_one_b.hpp"

namespace pipesim {

const std::vector<KnownSchedule>& known_schedules() {
  static const std::vector<KnownSchedule> schedules = {
      {.name = "gpipe",
       .about = "all forwards, then all backwards in reverse: simple, holds every micro-batch",
       .generate = gpipe,
       .bubble = flush_bubble},
      {.name = "1f1b",
       .about = "one forward, one backward: the bubble of gpipe, at most stages - k in flight on "
                "stage k",
       .generate = one_f_one_b,
       .bubble = flush_bubble},
  };
  return schedules;
}

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const KnownSchedule& schedule : known_schedules()) names.emplace_back(schedule.name);
  return names;
}

const KnownSchedule* find_schedule(std::string_view name) {
  for (const KnownSchedule& schedule : known_schedules()) {
    if (schedule.name == name) return &schedule;
  }
  return nullptr;
}

std::optional<Refusal> refusal_of(const KnownSchedule& schedule, const PipelineShape& shape) {
  if (!schedule.any_virtual_stages) {
    if (auto refusal = virtual_stages_refusal(shape, schedule.virtual_stages)) return refusal;
  }
  return schedule.refuse == nullptr ? std::nullopt : schedule.refuse(shape);
}

}  // namespace pipesim

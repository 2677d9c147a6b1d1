// What `schedule --format csv` prints, read again with `--schedule-file`.
#include <doctest/doctest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "reports/formats/schedule_csv.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/assemble/config_schedule.hpp"
#include "sim/step/run.hpp"
#include "support/draws.hpp"
#include "support/experiments.hpp"
#include "support/models/random_pipelines.hpp"
#include "support/schedules/zero_bubble.hpp"
#include "support/written.hpp"

using namespace pipesim;
using nlohmann::json;

namespace {

void check_round_trip(const Experiment& experiment) {
  const std::string csv = test::written(write_schedule_csv, experiment.schedule);
  Config config = experiment.config;
  config.pipeline.file =
      std::make_shared<const ScheduleFile>(ScheduleFile{.name = "exported.csv", .text = csv});
  config.pipeline.memory_limit.reset();
  const Experiment again = assemble(config);
  CHECK(again.schedule.lanes == experiment.schedule.lanes);
  CHECK(again.partition == experiment.partition);
  const Run first = simulate(experiment, {.timeline = false, .breakdown = false});
  const Run second = simulate(again, {.timeline = false, .breakdown = false});
  CHECK(first.metrics.step_time == second.metrics.step_time);
  for (std::size_t d = 0; d < first.outcome.devices.size(); ++d) {
    CHECK(first.outcome.devices[d].peak == second.outcome.devices[d].peak);
  }
}

}  // namespace

TEST_SUITE_BEGIN("sim/schedule_round_trip");

TEST_CASE("a schedule that was exported takes the same step and memory when it is read again") {
  std::mt19937 random(51);
  int checked = 0;
  for (int trial = test::draws(4000); trial > 0; --trial) {
    const auto& all = known_schedules();
    const KnownSchedule& known =
        all[static_cast<std::size_t>(test::draw(random, 0, static_cast<int>(all.size()) - 1))];
    const int virtual_stages =
        known.any_virtual_stages ? test::draw(random, 1, 3) : known.virtual_stages;
    json config = test::random_pipeline(random, {.virtual_stages = virtual_stages});
    if (known.automatic && test::draw(random, 0, 3) > 0) continue;  // They take longer.
    config["pipeline"]["schedule"] = known.name;
    CAPTURE(config.dump());
    const Config read = read_config(parse_document(config.dump(), "drawn"), default_virtual_stages);
    const std::optional<Experiment> experiment = try_assemble(read).experiment;
    if (!experiment) continue;
    check_round_trip(*experiment);
    ++checked;
  }
  MESSAGE(checked, " schedules");
}

TEST_CASE("so does one made for a partition that looks at its order") {
  for (const char* schedule : {"gpipe", "v_min", "zb_auto", "zb_v"}) {
    for (const char* recompute : {"none", "full", "except_last"}) {
      CAPTURE(schedule);
      CAPTURE(recompute);
      check_round_trip(
          test::example("gpipe.json", {std::string("pipeline.schedule=") + schedule,
                                       std::string("pipeline.recompute=") + recompute,
                                       "pipeline.partition=memory", "pipeline.stages=4"}));
    }
  }
}

TEST_SUITE_END();

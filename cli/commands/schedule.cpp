#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/commands.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "cli/support/options.hpp"
#include "reports/formats/schedule_csv.hpp"
#include "reports/formats/schedule_text.hpp"
#include "schedules/check/lowering.hpp"
#include "schedules/check/sharding.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/assemble/file_schedule.hpp"

namespace pipesim::cli {

namespace {

struct ScheduleOptions {
  ConfigOptions config{};
  std::string format = "text";
  bool lower = false;
};

// What a runtime with sharded weights and explicit messages runs.
Schedule lowered(Schedule schedule) {
  if (!contains(schedule, is_sharding)) {
    schedule = add_reduce_grad(add_unshard_reshard(std::move(schedule)));
  }
  if (contains(schedule, communicates)) return schedule;
  std::optional<Schedule> matched = add_sends_and_receives(schedule);
  return matched ? *std::move(matched) : receives_before_use(std::move(schedule));
}

// A file's sends and receives are shown as they are written, also where they would not count.
Config as_written(Config config) {
  if (config.pipeline.file == nullptr ||
      config.pipeline.communication != Communication::overlapped) {
    return config;
  }
  if (contains(schedule_from_file(config), communicates)) {
    config.pipeline.communication = Communication::blocking;
  }
  return config;
}

int schedule_command(const ScheduleOptions& options) {
  Experiment experiment = assemble(as_written(load(options.config)));
  const Schedule schedule =
      options.lower ? lowered(std::move(experiment.schedule)) : std::move(experiment.schedule);
  Output out = standard_output();
  if (options.format == "json") {
    write_schedule_json(out, schedule);
  } else if (options.format == "csv") {
    write_schedule_csv(out, schedule);
  } else {
    write_schedule_text(out, schedule);
  }
  out.flush();
  return done;
}

}  // namespace

Command declare_schedule() {
  auto options = std::make_shared<ScheduleOptions>();
  Command command{.name = "schedule",
                  .description = "Print the order of ops on each device",
                  .run = [options] { return schedule_command(*options); }};
  add_config_options(command, options->config);
  command.options.push_back({.name = "--format",
                             .into = &options->format,
                             .description = "How",
                             .words = {"text", "csv", "json"},
                             .shows_default = true});
  command.options.push_back(
      {.name = "--lower",
       .into = &options->lower,
       .description = "Add what PyTorch adds before it runs a schedule: UNSHARD, RESHARD, "
                      "REDUCE_GRAD, sends and receives"});
  command.footer =
      "F3 is the forward of micro-batch 3, B3 its backward, R3 its re-computation; I3 and W3 are\n"
      "the parts of a split backward, W is that of all micro-batches. F1.3, W1 where a device\n"
      "holds several stages, here stage 1. (F1;B0) overlap. csv is PyTorch's format, a row for "
      "each\n"
      "device: 1F3 is F of micro-batch 3 in stage 1. docs/schedules.md says more.\n\n"
      "Examples:\n"
      "  pipesim schedule examples/gpipe.json --set pipeline.schedule=zb_h1\n"
      "  pipesim schedule examples/gpipe.json --format csv > mine.csv\n"
      "  pipesim schedule examples/gpipe.json --schedule-file mine.csv --lower";
  return command;
}

}  // namespace pipesim::cli

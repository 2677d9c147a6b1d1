#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/options.hpp"
#include "cli/standard_output.hpp"
#include "reports/schedule_text.hpp"
#include "sim/experiment.hpp"

namespace pipesim::cli {

namespace {

struct ScheduleOptions {
  ConfigOptions config{};
  std::string format = "text";
};

int schedule_command(const ScheduleOptions& options) {
  const Experiment experiment = assemble(load(options.config));
  Output out = standard_output();
  if (options.format == "json") {
    write_schedule_json(out, experiment.schedule);
  } else {
    write_schedule_text(out, experiment.schedule);
  }
  out.flush();
  return done;
}

}  // namespace

void add_schedule(CLI::App& application, Action& action) {
  auto options = std::make_shared<ScheduleOptions>();
  CLI::App* command =
      application.add_subcommand("schedule", "Print the order of ops on each device");
  add_config_options(*command, options->config);
  command->add_option("--format", options->format, "How")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}));
  command->footer(
      "F3 is the forward of micro-batch 3, B3 its backward, R3 its re-computation; I3 and W3 are\n"
      "the parts of a split backward, W is that of all micro-batches. F1.3, W1 where a device\n"
      "holds several stages, here stage 1.");
  command->callback(
      [options, &action] { action = [options] { return schedule_command(*options); }; });
}

}  // namespace pipesim::cli

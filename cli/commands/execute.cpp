#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/commands/commands.hpp"
#include "cli/output/deadlock_notice.hpp"
#include "cli/output/long_work.hpp"
#include "cli/output/progress.hpp"
#include "cli/output/report_files.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "cli/support/options.hpp"
#include "reports/summary/execution_json.hpp"
#include "reports/summary/execution_text.hpp"
#include "reports/summary/summary_json.hpp"
#include "reports/summary/summary_text.hpp"
#include "reports/text/json_text.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/assemble/schedule_size.hpp"
#include "sim/execute/effort.hpp"
#include "sim/execute/execute.hpp"

namespace pipesim::cli {

namespace {

struct ExecuteOptions {
  ConfigOptions config{};
  ReportOptions reports{};
  std::string colour = automatic_colour;
  std::string clock = "wall";
  int steps = 5;
};

int exit_code(const Execution& execution) {
  if (!execution.passed()) return check_failed;
  return execution.run.metrics.fits_memory ? done : infeasible;
}

// Nothing ran: what there is to report is the simulation.
int report_deadlock(const Experiment& experiment, const Execution& execution,
                    const ExecuteOptions& options, ReportFiles& files, Progress& progress) {
  nlohmann::ordered_json json = summary_json(experiment, execution.prediction, {});
  json["command"] = "execute";
  files.write({.experiment = experiment, .run = execution.prediction, .summary = json}, progress);
  progress.end();
  Output out = standard_output();
  if (options.reports.json) {
    out.append(to_text(json));
  } else if (options.reports.quiet) {
    tell_deadlock(execution.prediction);
  } else if (!files.use_standard_output()) {
    write_summary_text(out, experiment, execution.prediction, {},
                       standard_output_style(options.colour));
  }
  out.flush();
  return infeasible;
}

void announce_execution(const Config& config, const ExecuteOptions& options) {
  const Clock clock = options.clock == "wall" ? Clock::wall : Clock::measured;
  announce_long_work("executing", execution_seconds(config, clock, options.steps));
}

int execute_command(const ExecuteOptions& options) {
  ReportFiles files(options.reports);
  Config config = load(options.config);
  check_executable(config);
  check_schedule_size(config, {.picture = true});
  if (!options.reports.quiet) announce_execution(config, options);
  Progress progress(!options.reports.quiet);
  progress.begin("building the step");
  const Experiment experiment = assemble(std::move(config));
  files.open();
  const ReportProgress executing = progress.begin("executing", "steps");
  const auto report = [&](int steps) {
    if (executing) executing(steps, options.steps);
    if (steps == options.steps) progress.begin("checking gradients and memory");
  };
  const Execution execution =
      execute(experiment, {.clock = options.clock == "wall" ? Clock::wall : Clock::measured,
                           .steps = options.steps,
                           .report = report});
  if (execution.prediction.outcome.deadlock) {
    return report_deadlock(experiment, execution, options, files, progress);
  }
  const nlohmann::ordered_json json = execution_json(experiment, execution);
  const Run& expected = execution.expected();
  const nlohmann::ordered_json predicted = summary_json(experiment, expected, {});
  files.write({.experiment = experiment,
               .run = execution.run,
               .summary = json,
               .prediction = &expected,
               .predicted_summary = &predicted},
              progress);
  progress.end();

  Output out = standard_output();
  if (options.reports.json) {
    out.append(to_text(json));
  } else if (!options.reports.quiet && !files.use_standard_output()) {
    write_execution_text(out, experiment, execution, standard_output_style(options.colour));
  }
  out.flush();
  return exit_code(execution);
}

}  // namespace

Command declare_execute() {
  auto options = std::make_shared<ExecuteOptions>();
  Command command{
      .name = "execute",
      .description = "Run the step's real kernels on the CPU, and check gradients and memory",
      .run = [options] { return execute_command(*options); }};
  add_config_options(command, options->config);
  command.options.push_back(
      {.name = "--clock",
       .into = &options->clock,
       .description =
           "wall: a thread for each device, real time; measured: every op alone, its time "
           "put on the virtual device's clock",
       .words = {"wall", "measured"},
       .shows_default = true});
  command.options.push_back(
      {.name = "--steps",
       .into = &options->steps,
       .description = "How many steps to run, after one to warm up; the median is reported",
       .value = "N",
       .least = 1,
       .most = 100000,
       .shows_default = true});
  add_report_options(command, options->reports);
  add_colour_option(command, options->colour);
  command.footer =
      "The model must be an mlp, in fp32 or fp64; its samples are synthetic. Beside the run "
      "stands\n"
      "what is predicted for this machine: from a device file that pipesim calibrate wrote here, "
      "or\n"
      "else from the durations that the run measured, replayed by the simulator. Of several steps\n"
      "the median counts: of the wall clock the step whose time it is, of the measured clock that\n"
      "of each op. Training that diverges is said, and is no failure.\n"
      "Exit code 3: a device's memory does not hold it, or the schedule deadlocks. 4: gradients\n"
      "differ from those without a pipeline, or memory from the simulation.\n\n"
      "Examples:\n"
      "  pipesim execute examples/imbalanced.json\n"
      "  pipesim execute examples/giant.json --clock measured --set pipeline.recompute=full";
  return command;
}

}  // namespace pipesim::cli

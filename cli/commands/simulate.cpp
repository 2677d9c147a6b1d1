#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/commands/commands.hpp"
#include "cli/output/deadlock_notice.hpp"
#include "cli/output/long_work.hpp"
#include "cli/output/progress.hpp"
#include "cli/output/report_files.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "cli/support/options.hpp"
#include "reports/summary/explanation_json.hpp"
#include "reports/summary/explanation_text.hpp"
#include "reports/summary/summary_json.hpp"
#include "reports/summary/summary_text.hpp"
#include "reports/text/json_text.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/assemble/schedule_size.hpp"
#include "sim/step/run.hpp"

namespace pipesim::cli {

namespace {

struct SimulateOptions {
  ConfigOptions config{};
  ReportOptions reports{};
  bool explain = false;
  std::string colour = automatic_colour;
};

// What --explain adds. After a deadlock there is nothing to explain: the cycle says it.
std::optional<Explanation> explanation_of(const SimulateOptions& options,
                                          const Experiment& experiment, const Run& run) {
  if (!options.explain || run.outcome.deadlock) return std::nullopt;
  return explain(experiment.schedule, experiment.costs, run.outcome.timeline);
}

nlohmann::ordered_json json_of(const SimulateOptions& options, const Experiment& experiment,
                               const Run& run, const std::vector<Advice>& advice,
                               const std::optional<Explanation>& explanation) {
  nlohmann::ordered_json summary = summary_json(experiment, run, advice);
  if (options.explain) {
    summary["explanation"] = explanation ? explanation_json(*explanation) : nullptr;
  }
  return summary;
}

int simulate_command(const SimulateOptions& options) {
  ReportFiles files(options.reports);
  Config config = load(options.config);
  const bool as_json = options.reports.json;
  const bool prints_text = !as_json && !options.reports.quiet && !files.use_standard_output();
  check_schedule_size(config, {.timeline = files.any(),
                               .picture = prints_text || files.any_picture(),
                               .explanation = options.explain});
  if (!options.reports.quiet) announce_long_work("simulating", simulation_seconds(config));
  Progress progress(!options.reports.quiet);
  progress.begin("building the step");
  const Experiment experiment = assemble(std::move(config));
  files.open();

  const Run run = simulate(experiment, {.timeline = prints_text || files.any() || options.explain,
                                        .progress = progress.begin("simulating", "ops")});
  const std::vector<Advice> advice =
      run.metrics.fits_memory
          ? std::vector<Advice>{}
          : what_would_fit(experiment.config, progress.begin("looking for what fits"));
  if (options.explain) progress.begin("looking for the critical path");
  const std::optional<Explanation> explanation = explanation_of(options, experiment, run);
  const nlohmann::ordered_json json =
      as_json || files.any() ? json_of(options, experiment, run, advice, explanation) : nullptr;
  files.write({.experiment = experiment, .run = run, .summary = json}, progress);
  progress.end();

  Output out = standard_output();
  if (as_json) out.append(to_text(json));
  if (options.reports.quiet && !as_json) tell_deadlock(run);
  if (prints_text) {
    write_summary_text(out, experiment, run, advice, standard_output_style(options.colour));
    if (explanation) {
      out.append("\n");
      write_explanation_text(out, experiment.schedule, *explanation);
    }
  }
  out.flush();
  return run.metrics.fits_memory && !run.outcome.deadlock ? done : infeasible;
}

}  // namespace

Command declare_simulate() {
  auto options = std::make_shared<SimulateOptions>();
  Command command{.name = "simulate",
                  .description = "Predict one training step: the main job",
                  .run = [options] { return simulate_command(*options); }};
  add_config_options(command, options->config);
  add_report_options(command, options->reports);
  add_colour_option(command, options->colour);
  command.options.push_back(
      {.name = "--explain",
       .into = &options->explain,
       .description = "Show the critical path, and what each device waited for"});
  command.footer =
      "Files are written whole or not at all; - as FILE is the standard output.\n"
      "Exit code 3: the model does not fit the devices' memory, and the report says what would\n"
      "help; or the schedule deadlocks, and the cycle is printed.\n\n"
      "Examples:\n"
      "  pipesim simulate examples/gpipe.json\n"
      "  pipesim simulate examples/gpipe.json --set pipeline.schedule=1f1b --json\n"
      "  pipesim simulate examples/gpipe.json --explain\n"
      "  pipesim simulate examples/gpipe.json --chrome-trace trace.json\n"
      "  pipesim simulate examples/gpipe.json --schedule-file mine.csv --explain\n"
      "  pipesim simulate examples/llama7b.json --set pipeline.recompute=layers\n"
      "  pipesim simulate examples/gpt3_175b.json --set training.sequence_parallel=true";
  return command;
}

}  // namespace pipesim::cli

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/options.hpp"
#include "cli/standard_output.hpp"
#include "models/input_error.hpp"
#include "reports/chrome_trace.hpp"
#include "reports/memory_csv.hpp"
#include "reports/output_file.hpp"
#include "reports/summary_json.hpp"
#include "reports/summary_text.hpp"
#include "reports/timeline_json.hpp"
#include "sim/run.hpp"

namespace pipesim::cli {

namespace {

struct SimulateOptions {
  ConfigOptions config{};
  bool json = false;
  bool quiet = false;
  std::string timeline{};
  std::string chrome_trace{};
  std::string memory_trace{};
  std::string directory{};
};

using WriteReport = void (*)(Output&, const Experiment&, const Run&);

// A file that will hold a report once the run is done.
struct Target {
  std::unique_ptr<OutputFile> file;
  WriteReport write;
};

void make_directory(const std::string& path) {
  if (mkdir(path.c_str(), 0777) == 0 || errno == EEXIST) return;
  throw InputError(fmt::format("{}: /: cannot be created, got {}", path, std::strerror(errno)),
                   "choose a folder inside one that exists and can be written");
}

std::vector<Target> open_targets(const SimulateOptions& options) {
  std::vector<Target> targets;
  const auto open = [&](const std::string& path, WriteReport write) {
    if (!path.empty()) targets.push_back({std::make_unique<OutputFile>(path), write});
  };
  open(options.timeline, write_timeline_json);
  open(options.chrome_trace, write_chrome_trace);
  open(options.memory_trace, write_memory_csv);
  if (!options.directory.empty()) {
    make_directory(options.directory);
    open(options.directory + "/timeline.json", write_timeline_json);
    open(options.directory + "/trace.json", write_chrome_trace);
    open(options.directory + "/memory.csv", write_memory_csv);
  }
  return targets;
}

bool writes_to_stdout(const SimulateOptions& options) {
  return options.timeline == "-" || options.chrome_trace == "-" || options.memory_trace == "-";
}

void check_options(const SimulateOptions& options) {
  if (options.json && writes_to_stdout(options)) {
    throw InputError("--json: /: must have the standard output to itself, got another report for -",
                     "write the other report to a file");
  }
}

int simulate_command(const SimulateOptions& options) {
  check_options(options);
  const Experiment experiment = assemble(load(options.config));
  const std::vector<Target> targets = open_targets(options);
  std::unique_ptr<OutputFile> summary_file;
  if (!options.directory.empty()) {
    summary_file = std::make_unique<OutputFile>(options.directory + "/summary.json");
  }
  const bool prints_text = !options.json && !options.quiet && !writes_to_stdout(options);

  const Run run = simulate(experiment, {.timeline = prints_text || !targets.empty()});
  const std::vector<Advice> advice =
      run.metrics.fits_memory ? std::vector<Advice>{} : what_would_fit(experiment.config);

  for (const Target& target : targets) target.write(target.file->output(), experiment, run);
  std::string json;
  if (options.json || summary_file) json = to_text(summary_json(experiment, run, advice));
  if (summary_file) {
    summary_file->output().append(json);
    summary_file->commit();
  }
  for (const Target& target : targets) target.file->commit();

  Output out = standard_output();
  if (options.json) out.append(json);
  if (prints_text) {
    write_summary_text(out, experiment, run, advice, standard_output_style());
  }
  out.flush();
  return run.metrics.fits_memory && !run.outcome.deadlock ? done : answer_is_no;
}

}  // namespace

void add_simulate(CLI::App& application, Action& action) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* command =
      application.add_subcommand("simulate", "Predict one training step: the main job");
  add_config_options(*command, options->config);
  command->add_flag("--json", options->json, "Print the summary as one JSON object");
  command->add_option("--timeline", options->timeline, "Write every op and message as JSON")
      ->type_name("FILE");
  command
      ->add_option("--chrome-trace", options->chrome_trace,
                   "Write a trace for Perfetto, chrome://tracing or speedscope")
      ->type_name("FILE");
  command
      ->add_option("--memory-trace", options->memory_trace,
                   "Write every allocation and release as CSV")
      ->type_name("FILE");
  command
      ->add_option("--out", options->directory,
                   "Write all of them: summary.json, timeline.json, trace.json, memory.csv")
      ->type_name("DIR");
  command->add_flag("--quiet", options->quiet, "Print no text summary");
  command->footer(
      "Files are written whole or not at all; - as FILE is the standard output.\n"
      "Exit code 3: the model does not fit the devices' memory; the report says what would "
      "help.\n\n"
      "Examples:\n"
      "  pipesim simulate examples/gpipe.json\n"
      "  pipesim simulate examples/gpipe.json --set pipeline.schedule=1f1b --json\n"
      "  pipesim simulate examples/gpipe.json --chrome-trace trace.json");
  command->callback(
      [options, &action] { action = [options] { return simulate_command(*options); }; });
}

}  // namespace pipesim::cli

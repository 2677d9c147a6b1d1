#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

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
  std::optional<std::string> timeline{};
  std::optional<std::string> chrome_trace{};
  std::optional<std::string> memory_trace{};
  std::optional<std::string> directory{};
};

using WriteReport = void (*)(Output&, const Experiment&, const Run&);

// The summary is not among them: it is made once, for a file and for the standard output.
constexpr WriteReport write_summary = nullptr;

// A report that was asked for, and the option that did.
struct Report {
  std::string option{};
  std::string path{};
  WriteReport write = nullptr;
};

// A file that will hold a report once the run is done.
struct Target {
  std::unique_ptr<OutputFile> file{};
  WriteReport write = nullptr;
};

void make_directory(const std::string& path) {
  constexpr const char* hint = "choose a folder inside one that exists and can be written";
  if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    throw InputError(fmt::format("{}: /: cannot be created, got {}", path, std::strerror(errno)),
                     hint);
  }
  if (!std::filesystem::is_directory(path)) {
    throw InputError(path + ": /: must be a folder, got a file", hint);
  }
}

std::vector<Report> reports_of(const SimulateOptions& options) {
  std::vector<Report> reports;
  const auto add = [&](const std::string& option, const std::optional<std::string>& path,
                       WriteReport write) {
    if (path) reports.push_back({.option = option, .path = *path, .write = write});
  };
  add("--timeline", options.timeline, write_timeline_json);
  add("--chrome-trace", options.chrome_trace, write_chrome_trace);
  add("--memory-trace", options.memory_trace, write_memory_csv);
  if (options.directory) {
    const auto inside = [&](const char* name) { return *options.directory + "/" + name; };
    add("--out", inside("summary.json"), write_summary);
    add("--out", inside("timeline.json"), write_timeline_json);
    add("--out", inside("trace.json"), write_chrome_trace);
    add("--out", inside("memory.csv"), write_memory_csv);
  }
  return reports;
}

bool writes_to_stdout(const std::vector<Report>& reports) {
  return std::any_of(reports.begin(), reports.end(),
                     [](const Report& report) { return report.path == "-"; });
}

void check_reports(const SimulateOptions& options, const std::vector<Report>& reports) {
  const auto refuse_empty = [](const std::string& option) {
    return InputError(option + ": /: must name a place, got nothing",
                      "give a path behind the option");
  };
  if (options.directory && options.directory->empty()) throw refuse_empty("--out");
  std::set<std::filesystem::path> places;
  for (const Report& report : reports) {
    if (report.path.empty()) throw refuse_empty(report.option);
    if (!places.insert(std::filesystem::absolute(report.path).lexically_normal()).second) {
      throw InputError(fmt::format("{}: /: must not be where another report goes, got {}",
                                   report.option, report.path),
                       "give each report a file of its own");
    }
  }
  if (options.json && writes_to_stdout(reports)) {
    throw InputError("--json: /: must have the standard output to itself, got another report for -",
                     "write the other report to a file");
  }
}

std::vector<Target> open_targets(const SimulateOptions& options,
                                 const std::vector<Report>& reports) {
  std::vector<Target> targets;
  for (const Report& report : reports) {
    if (report.option == "--out") make_directory(*options.directory);
    targets.push_back({.file = std::make_unique<OutputFile>(report.path), .write = report.write});
  }
  return targets;
}

// Nothing is in its place before all is written.
void write_targets(const std::vector<Target>& targets, const Experiment& experiment, const Run& run,
                   const std::string& summary) {
  for (const Target& target : targets) {
    if (target.write == write_summary) {
      target.file->output().append(summary);
    } else {
      target.write(target.file->output(), experiment, run);
    }
    target.file->finish();
  }
  for (const Target& target : targets) target.file->commit();
}

int simulate_command(const SimulateOptions& options) {
  const std::vector<Report> reports = reports_of(options);
  check_reports(options, reports);
  const Experiment experiment = assemble(load(options.config));
  const std::vector<Target> targets = open_targets(options, reports);
  const bool prints_text = !options.json && !options.quiet && !writes_to_stdout(reports);

  const Run run = simulate(experiment, {.timeline = prints_text || !targets.empty()});
  const std::vector<Advice> advice =
      run.metrics.fits_memory ? std::vector<Advice>{} : what_would_fit(experiment.config);
  const std::string json =
      options.json || options.directory ? to_text(summary_json(experiment, run, advice)) : "";
  write_targets(targets, experiment, run, json);

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

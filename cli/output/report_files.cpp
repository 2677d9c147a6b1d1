#include "cli/output/report_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/output/report_places.hpp"
#include "models/base/input_error.hpp"
#include "models/base/quoted_text.hpp"
#include "reports/formats/chrome_trace.hpp"
#include "reports/formats/memory_csv.hpp"
#include "reports/formats/timeline_json.hpp"
#include "reports/gantt/svg_gantt.hpp"
#include "reports/html/report_page.hpp"
#include "reports/text/json_text.hpp"

namespace pipesim::cli {

namespace {

// Whether it was not there before.
bool make_directory(const std::string& path) {
  constexpr const char* hint = "choose a folder inside one that exists and can be written";
  const bool created = mkdir(path.c_str(), 0777) == 0;
  if (!created && errno != EEXIST) {
    throw InputError(
        fmt::format("{}: /: cannot be created, got {}", abridged(path), std::strerror(errno)),
        hint);
  }
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    throw InputError(
        fmt::format("{}: /: cannot be opened, got {}", abridged(path), std::strerror(errno)), hint);
  }
  if (!S_ISDIR(status.st_mode)) {
    throw InputError(abridged(path) + ": /: must be a folder, got a file", hint);
  }
  return created;
}

void write_summary(Output& out, const StepReport& step) {
  out.append(to_text(step.summary));
}

// A format that tells of one run, the one that was asked for.
auto of_run(void (*write)(Output&, const Experiment&, const Run&)) {
  return [write](Output& out, const StepReport& step) { write(out, step.experiment, step.run); };
}

// A prediction stands above its run.
void write_page(Output& out, const StepReport& step) {
  const bool has_two = step.prediction != nullptr;
  ReportPage page(out, {.command = step.summary["command"].get_ref<const std::string&>(),
                        .summary = step.summary,
                        .config = step.experiment.config,
                        .runs = has_two ? std::size_t{2} : std::size_t{1}});
  const bool replayed = has_two && step.prediction->outcome.timeline.clock != Clock::modeled;
  const std::string predicted = replayed ? "predicted, from the durations below" : "predicted";
  if (has_two) page.add(predicted, step.experiment, *step.prediction, *step.predicted_summary);
  const std::string title =
      has_two ? fmt::format("executed, {} clock", name_of(step.run.outcome.timeline.clock))
              : "simulated";
  page.add(title, step.experiment, step.run, step.summary);
  page.finish();
}

void write_svg(Output& out, const StepReport& step) {
  if (step.prediction == nullptr) return write_svg_gantt(out, step.experiment, step.run);
  write_svg_execution(out, step.experiment, *step.prediction, step.run);
}

}  // namespace

void add_report_options(Command& command, ReportOptions& options) {
  const auto place = [&](const char* name, std::optional<std::string>& into,
                         const char* description, const char* value = "FILE") {
    command.options.push_back(
        {.name = name, .into = &into, .description = description, .value = value});
  };
  command.options.push_back({.name = "--json",
                             .into = &options.json,
                             .description = "Print the summary as one JSON object"});
  place("--timeline", options.timeline,
        "Write every op and message as JSON; like every report, compressed if "
        "the name ends in .gz");
  place("--chrome-trace", options.chrome_trace,
        "Write a trace for Perfetto, chrome://tracing or speedscope");
  place("--memory-trace", options.memory_trace, "Write every allocation and release as CSV");
  place("--html", options.html,
        "Write a page to look at: timeline, memory, links, figures; open it in a browser");
  place("--svg", options.svg, "Draw the timeline as a figure for print");
  place("--out", options.directory,
        "Write all of them: summary.json, timeline.json, trace.json, memory.csv, report.html",
        "DIR");
  command.options.push_back({.name = "--quiet",
                             .into = &options.quiet,
                             .description = "Print no text summary and no progress"});
}

ReportFiles::ReportFiles(const ReportOptions& options) : options_(options) {
  const auto add = [&](const std::string& option, const std::optional<std::string>& path,
                       WriteReport report) {
    if (path) reports_.push_back({.option = option, .path = *path, .write = report});
  };
  add("--timeline", options.timeline, of_run(write_timeline_json));
  add("--chrome-trace", options.chrome_trace, of_run(write_chrome_trace));
  add("--memory-trace", options.memory_trace, of_run(write_memory_csv));
  add("--html", options.html, write_page);
  add("--svg", options.svg, write_svg);
  if (options.directory) {
    const auto inside = [&](const char* name) { return *options.directory + "/" + name; };
    add("--out", inside("summary.json"), write_summary);
    add("--out", inside("timeline.json"), of_run(write_timeline_json));
    add("--out", inside("trace.json"), of_run(write_chrome_trace));
    add("--out", inside("memory.csv"), of_run(write_memory_csv));
    add("--out", inside("report.html"), write_page);
  }
  check();
}

ReportFiles::~ReportFiles() {
  reports_.clear();
  if (created_directory_) rmdir(options_.directory->c_str());
}

bool ReportFiles::use_standard_output() const {
  return std::ranges::any_of(reports_, [](const Report& report) { return report.path == "-"; });
}

void ReportFiles::check() const {
  std::vector<ReportPlace> places;
  // Without a name the folder would be the root.
  if (options_.directory && options_.directory->empty()) places.push_back({.option = "--out"});
  for (const Report& report : reports_) places.push_back({report.option, report.path});
  check_report_places(places, options_.json);
}

// The folder comes first: any report may go into it.
void ReportFiles::open() {
  if (options_.directory) created_directory_ = make_directory(*options_.directory);
  for (Report& report : reports_) {
    report.file = std::make_unique<OutputFile>(report.path, report.option);
  }
}

void ReportFiles::write(const StepReport& step, Progress& progress) {
  if (use_standard_output()) progress.end();
  for (const Report& report : reports_) {
    if (!use_standard_output()) {
      report.file->report_to(progress.begin("writing " + report.path, "B"));
    }
    report.write(report.file->output(), step);
    report.file->finish();
  }
  for (const Report& report : reports_) report.file->commit();
}

}  // namespace pipesim::cli

#include "cli/report_files.hpp"

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "models/input_error.hpp"
#include "reports/chrome_trace.hpp"
#include "reports/memory_csv.hpp"
#include "reports/timeline_json.hpp"

namespace pipesim::cli {

namespace {

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

}  // namespace

void add_report_options(CLI::App& command, ReportOptions& options) {
  command.add_flag("--json", options.json, "Print the summary as one JSON object");
  command.add_option("--timeline", options.timeline, "Write every op and message as JSON")
      ->type_name("FILE");
  command
      .add_option("--chrome-trace", options.chrome_trace,
                  "Write a trace for Perfetto, chrome://tracing or speedscope")
      ->type_name("FILE");
  command
      .add_option("--memory-trace", options.memory_trace,
                  "Write every allocation and release as CSV")
      ->type_name("FILE");
  command
      .add_option("--out", options.directory,
                  "Write all of them: summary.json, timeline.json, trace.json, memory.csv")
      ->type_name("DIR");
  command.add_flag("--quiet", options.quiet, "Print no text summary and no progress");
}

ReportFiles::ReportFiles(const ReportOptions& options) : options_(options) {
  const auto add = [&](const std::string& option, const std::optional<std::string>& path,
                       WriteReport report) {
    if (path) reports_.push_back({.option = option, .path = *path, .write = report});
  };
  add("--timeline", options.timeline, write_timeline_json);
  add("--chrome-trace", options.chrome_trace, write_chrome_trace);
  add("--memory-trace", options.memory_trace, write_memory_csv);
  if (options.directory) {
    const auto inside = [&](const char* name) { return *options.directory + "/" + name; };
    add("--out", inside("summary.json"), nullptr);
    add("--out", inside("timeline.json"), write_timeline_json);
    add("--out", inside("trace.json"), write_chrome_trace);
    add("--out", inside("memory.csv"), write_memory_csv);
  }
  check();
}

bool ReportFiles::use_standard_output() const {
  return std::ranges::any_of(reports_, [](const Report& report) { return report.path == "-"; });
}

void ReportFiles::check() const {
  const auto refuse_empty = [](const std::string& option) {
    return InputError(option + ": /: must name a place, got nothing",
                      "give a path behind the option");
  };
  if (options_.directory && options_.directory->empty()) throw refuse_empty("--out");
  std::set<std::filesystem::path> places;
  for (const Report& report : reports_) {
    if (report.path.empty()) throw refuse_empty(report.option);
    if (!places.insert(std::filesystem::absolute(report.path).lexically_normal()).second) {
      throw InputError(fmt::format("{}: /: must not be where another report goes, got {}",
                                   report.option, report.path),
                       "give each report a file of its own");
    }
  }
  if (options_.json && use_standard_output()) {
    throw InputError("--json: /: must have the standard output to itself, got another report for -",
                     "write the other report to a file");
  }
}

void ReportFiles::open() {
  for (Report& report : reports_) {
    if (report.option == "--out") make_directory(*options_.directory);
    report.file = std::make_unique<OutputFile>(report.path);
  }
}

void ReportFiles::write(const Experiment& experiment, const Run& run, const std::string& summary,
                        Progress& progress) {
  if (use_standard_output()) progress.end();
  for (const Report& report : reports_) {
    if (!use_standard_output()) {
      report.file->report_to(progress.begin("writing " + report.path, "B"));
    }
    if (report.write == nullptr) {
      report.file->output().append(summary);
    } else {
      report.write(report.file->output(), experiment, run);
    }
    report.file->finish();
  }
  for (const Report& report : reports_) report.file->commit();
}

}  // namespace pipesim::cli

#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/output/progress.hpp"
#include "cli/support/grammar.hpp"
#include "cli/support/options.hpp"
#include "reports/text/output_file.hpp"
#include "sim/step/run.hpp"

namespace pipesim::cli {

/// Where a command writes what about a step.
struct ReportOptions {
  bool json = false;
  bool quiet = false;
  std::optional<std::string> timeline{};
  std::optional<std::string> chrome_trace{};
  std::optional<std::string> memory_trace{};
  std::optional<std::string> html{};
  std::optional<std::string> svg{};
  std::optional<std::string> directory{};
};
void add_report_options(Command& command, ReportOptions& options);

/// A step as its reports tell it.
struct StepReport {
  const Experiment& experiment;
  const Run& run;
  const nlohmann::ordered_json& summary;  ///< What --json prints.
  /// What was predicted of a step that was executed, with the summary that `simulate` has of it.
  const Run* prediction = nullptr;
  const nlohmann::ordered_json* predicted_summary = nullptr;
};

/// The files that were asked for. They are opened before the work starts and written when it is
/// done; nothing is in its place before all is written. Throws InputError: two reports in one
/// place, a report on the standard output beside --json, a file that can't be created or written,
/// or that the command has read.
class ReportFiles {
 public:
  explicit ReportFiles(const ReportOptions& options);
  ReportFiles(const ReportFiles&) = delete;
  ReportFiles& operator=(const ReportFiles&) = delete;
  ~ReportFiles();  ///< Removes the folder that it has created, unless there is a report in it.

  /// Call it when all that the command reads has been read: no report replaces that.
  void open();
  bool any() const { return !reports_.empty(); }
  bool any_picture() const { return options_.html || options_.svg || options_.directory; }
  bool use_standard_output() const;
  void write(const StepReport& step, Progress& progress);

 private:
  using WriteReport = std::function<void(Output&, const StepReport&)>;
  // A report that was asked for, and the option that did.
  struct Report {
    std::string option{};
    std::string path{};
    WriteReport write{};
    std::unique_ptr<OutputFile> file{};
  };

  ReportOptions options_;
  std::vector<Report> reports_{};
  bool created_directory_ = false;

  void check() const;
};

}  // namespace pipesim::cli

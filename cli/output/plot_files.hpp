#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/support/grammar.hpp"
#include "reports/svg/plot_page.hpp"
#include "reports/text/output_file.hpp"

namespace pipesim::cli {

/// Where a command draws its figures as plots.
struct PlotOptions {
  std::optional<std::string> html{};
  std::optional<std::string> svg{};
};
/// --html and --svg. `shown`: what the plots show, for the help text.
void add_plot_options(Command& command, PlotOptions& options, const std::string& shown);

/// Throws InputError: no place, one place for both, or the standard output beside --json.
void check_plot_options(const PlotOptions& options, bool json);

/// The files that were asked for: opened before the work starts, in their place when all are
/// written. Throws InputError as ReportFiles.
class PlotFiles {
 public:
  /// `json`: the standard output is taken.
  PlotFiles(const PlotOptions& options, bool json);

  bool any() const { return html_ || svg_; }
  bool use_standard_output() const { return use_standard_output_; }
  void write(const PlotPage& page);

 private:
  std::unique_ptr<OutputFile> html_{};
  std::unique_ptr<OutputFile> svg_{};
  bool use_standard_output_ = false;
};

}  // namespace pipesim::cli

#include "cli/plot_files.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>

#include "models/input_error.hpp"
#include "reports/plot_svg.hpp"

namespace pipesim::cli {

namespace {

std::filesystem::path place(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

void check(const std::string& option, const std::string& path, bool json) {
  if (path.empty()) {
    throw InputError(option + ": /: must name a place, got nothing",
                     "give a path behind the option");
  }
  if (json && path == "-") {
    throw InputError("--json: /: must have the standard output to itself, got another report for -",
                     "write the other report to a file");
  }
}

}  // namespace

void add_plot_options(CLI::App& command, PlotOptions& options, const std::string& shown) {
  command.add_option("--html", options.html, "Write a page: " + shown)->type_name("FILE");
  command.add_option("--svg", options.svg, "Draw the plots as one figure for print")
      ->type_name("FILE");
}

void check_plot_options(const PlotOptions& options, bool json) {
  if (options.html) check("--html", *options.html, json);
  if (options.svg) check("--svg", *options.svg, json);
  if (options.html && options.svg && place(*options.html) == place(*options.svg)) {
    throw InputError(
        fmt::format("--svg: /: must not be where another report goes, got {}", *options.svg),
        "give each report a file of its own");
  }
}

PlotFiles::PlotFiles(const PlotOptions& options, bool json) {
  check_plot_options(options, json);
  if (options.html) html_ = std::make_unique<OutputFile>(*options.html);
  if (options.svg) svg_ = std::make_unique<OutputFile>(*options.svg);
  use_standard_output_ = options.html == "-" || options.svg == "-";
}

void PlotFiles::write(const PlotPage& page) {
  if (html_) {
    write_plot_page(html_->output(), page);
    html_->finish();
  }
  if (svg_) {
    write_plots_svg(svg_->output(), page.title, page.plots);
    svg_->finish();
  }
  if (html_) html_->commit();
  if (svg_) svg_->commit();
}

}  // namespace pipesim::cli

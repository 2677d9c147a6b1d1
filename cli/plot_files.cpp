#include "cli/plot_files.hpp"

#include <CLI/CLI.hpp>

#include "cli/report_places.hpp"
#include "reports/plot_svg.hpp"

namespace pipesim::cli {

void add_plot_options(CLI::App& command, PlotOptions& options, const std::string& shown) {
  command.add_option("--html", options.html, "Write a page: " + shown)->type_name("FILE");
  command.add_option("--svg", options.svg, "Draw the plots as one figure for print")
      ->type_name("FILE");
}

void check_plot_options(const PlotOptions& options, bool json) {
  std::vector<ReportPlace> places;
  if (options.html) places.push_back({"--html", *options.html});
  if (options.svg) places.push_back({"--svg", *options.svg});
  check_report_places(places, json);
}

PlotFiles::PlotFiles(const PlotOptions& options, bool json) {
  check_plot_options(options, json);
  if (options.html) html_ = std::make_unique<OutputFile>(*options.html, "--html");
  if (options.svg) svg_ = std::make_unique<OutputFile>(*options.svg, "--svg");
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

#include "cli/output/plot_files.hpp"

#include "cli/output/report_places.hpp"
#include "reports/svg/plot_svg.hpp"

namespace pipesim::cli {

void add_plot_options(Command& command, PlotOptions& options, const std::string& shown) {
  command.options.push_back({.name = "--html",
                             .into = &options.html,
                             .description = "Write a page: " + shown,
                             .value = "FILE"});
  command.options.push_back({.name = "--svg",
                             .into = &options.svg,
                             .description = "Draw the plots as one figure for print",
                             .value = "FILE"});
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

#pragma once

#include <string>
#include <vector>

#include "reports/svg/plot.hpp"
#include "reports/text/output.hpp"

namespace pipesim {

/// Plots and a table on one page.
struct PlotPage {
  std::string title{};
  std::vector<std::string> paragraphs{};  ///< Under the title.
  std::vector<Plot> plots{};
  std::vector<std::string> head{};               ///< Of the table; empty: there is none.
  std::vector<std::vector<std::string>> rows{};  ///< A first cell of words stands at the left.
};

/// An HTML file that needs nothing else, light or dark as the reader's system is. What a mark means
/// is shown under its plot when it is pointed at, and works as a tooltip without scripts.
void write_plot_page(Output& out, const PlotPage& page);

}  // namespace pipesim

#pragma once

#include <string_view>
#include <vector>

#include "reports/svg/plot.hpp"
#include "reports/text/output.hpp"

namespace pipesim {

/// Where a plot's colours come from.
enum class PlotInk {
  print,  ///< Fixed: for a white page.
  page,   ///< The page's style sheet: --ink, --faint, --grid, --paper, --c0 to --c7.
};

/// The colours that series take in turn, on white: Okabe and Ito's without yellow.
std::string_view series_colour(std::size_t series);

/// The plot as elements of a picture, its top left corner at (0, 0). Each mark is a group of class
/// `mark` that is moved to its point, and says what it is.
void write_plot(Output& out, const Plot& plot, PlotInk ink);

/// Plots in one picture, two in a row: an SVG file that needs nothing else.
void write_plots_svg(Output& out, std::string_view title, const std::vector<Plot>& plots);

}  // namespace pipesim

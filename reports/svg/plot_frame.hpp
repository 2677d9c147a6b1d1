#pragma once

#include <string>
#include <vector>

#include "reports/svg/plot.hpp"
#include "reports/svg/svg.hpp"

namespace pipesim {

/// An axis with its range and ticks settled.
struct PlotScale {
  AxisScale scale = AxisScale::linear;
  double low = 0;
  double high = 1;
  std::vector<double> ticks{};
  Hundredths from = 0;  ///< Where `low` is.
  Hundredths to = 0;    ///< Where `high` is.

  Hundredths at(double value) const;
};

/// Where a plot's values stand in its picture: pixels from the picture's top left corner.
struct PlotFrame {
  PlotScale x{};
  PlotScale y{};
};

constexpr Hundredths plot_picture_width = pixels(440);
constexpr Hundredths plot_picture_height = pixels(320);

PlotFrame frame_of(const Plot& plot);

/// What stands at a tick: "20 %", "0.001", "48".
std::string tick_text(double value, const PlotAxis& axis);

}  // namespace pipesim

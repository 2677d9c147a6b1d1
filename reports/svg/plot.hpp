#pragma once

#include <string>
#include <vector>

namespace pipesim {

/// How an axis spreads its values.
enum class AxisScale { linear, log2, log10 };

struct PlotAxis {
  std::string label{};
  AxisScale scale = AxisScale::linear;
  bool whole = false;    ///< Ticks at whole numbers only.
  bool percent = false;  ///< Values are fractions, ticks are per cent.
};

/// A value at a place; one that is not finite interrupts the line, and no mark stands there.
struct PlotPoint {
  double x = 0;
  double y = 0;
  std::string says{};  ///< What a reader who points at its mark is told.
};

/// Points of one kind: a line, marks, or both; `hollow` marks beside them, of the same colour.
struct PlotSeries {
  std::string name{};
  std::vector<PlotPoint> line{};
  std::vector<PlotPoint> marks{};
  std::vector<PlotPoint> hollow{};
  bool dashed = false;
  bool thin = false;
};

/// A chart of lines: what it shows, not how it looks.
struct Plot {
  std::string title{};
  std::string note{};  ///< One line under the title: the setting, what lines and marks are.
  PlotAxis x{};
  PlotAxis y{};  ///< From 0, or from the power of ten below the least.
  std::vector<PlotSeries> series{};
};

/// At most so many points that look like all of them on so many columns: of each column the lowest
/// and the highest, where they stand.
std::vector<PlotPoint> thinned(const std::vector<PlotPoint>& points, std::size_t columns);

}  // namespace pipesim

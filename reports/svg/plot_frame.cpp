#include "reports/svg/plot_frame.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "reports/svg/axis_ticks.hpp"

namespace pipesim {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Range {
  double low = infinity;
  double high = -infinity;
};

template <class Value>
Range range_of(const Plot& plot, AxisScale scale, Value&& value) {
  Range range;
  for (const PlotSeries& series : plot.series) {
    for (const auto* points : {&series.line, &series.marks, &series.hollow}) {
      for (const PlotPoint& point : *points) {
        const double v = value(point);
        if (!std::isfinite(v) || (scale != AxisScale::linear && v <= 0)) continue;
        range.low = std::min(range.low, v);
        range.high = std::max(range.high, v);
      }
    }
  }
  return range.low > range.high ? Range{0, 1} : range;
}

double log_of(AxisScale scale, double value) {
  return scale == AxisScale::log2 ? std::log2(value) : std::log10(value);
}

// Powers from at or below the lowest value to at or above the highest, every n-th where they are
// too many.
std::vector<double> power_ticks(AxisScale scale, Range range, int most) {
  const int first = static_cast<int>(std::floor(log_of(scale, range.low) + 1e-9));
  const int last =
      std::max(first + 1, static_cast<int>(std::ceil(log_of(scale, range.high) - 1e-9)));
  const int every = (last - first + most - 1) / most;
  std::vector<double> ticks;
  for (int power = first; power < last + every; power += every) {
    ticks.push_back(std::pow(scale == AxisScale::log2 ? 2 : 10, power));
  }
  return ticks;
}

std::vector<double> ticks_of(const PlotAxis& axis, Range range, int most) {
  if (axis.scale != AxisScale::linear && range.low > 0) {
    return power_ticks(axis.scale, range, most);
  }
  std::vector<double> ticks = round_ticks(range.low, range.high, most);
  if (axis.whole) std::erase_if(ticks, [](double tick) { return tick != std::floor(tick); });
  return ticks;
}

}  // namespace

Hundredths PlotScale::at(double value) const {
  const double share = scale == AxisScale::linear
                           ? (value - low) / (high - low)
                           : log_of(scale, value / low) / log_of(scale, high / low);
  return from + std::llround(share * static_cast<double>(to - from));
}

PlotFrame frame_of(const Plot& plot) {
  PlotFrame frame{.x = {.scale = plot.x.scale, .from = pixels(52), .to = pixels(372)},
                  .y = {.scale = plot.y.scale, .from = pixels(272), .to = pixels(64)}};
  // Across, the values fill the width; upwards, ticks do.
  const Range across = range_of(plot, plot.x.scale, [](const PlotPoint& point) { return point.x; });
  frame.x.low = across.low;
  frame.x.high = across.high > across.low ? across.high : across.low + 1;
  frame.x.ticks = ticks_of(plot.x, {frame.x.low, frame.x.high}, 8);
  std::erase_if(frame.x.ticks,
                [&](double tick) { return tick < frame.x.low || tick > frame.x.high; });
  Range up = range_of(plot, plot.y.scale, [](const PlotPoint& point) { return point.y; });
  if (plot.y.scale == AxisScale::linear) up.low = std::min(up.low, 0.0);
  if (up.low == up.high) up.high = up.low + 1;
  frame.y.ticks = ticks_of(plot.y, up, 6);
  frame.y.low = frame.y.ticks.front();
  frame.y.high = frame.y.ticks.back();
  return frame;
}

std::string tick_text(double value, const PlotAxis& axis) {
  // What is left of a sum where 0 is meant.
  if (std::abs(value) < 1e-300) value = 0;
  return axis.percent ? fmt::format("{:.6g} %", 100 * value) : fmt::format("{:.6g}", value);
}

std::vector<PlotPoint> thinned(const std::vector<PlotPoint>& points, std::size_t columns) {
  if (points.size() <= 2 * columns) return points;
  std::vector<PlotPoint> kept;
  for (std::size_t column = 0; column < columns; ++column) {
    const auto begin =
        points.begin() + static_cast<std::ptrdiff_t>(points.size() * column / columns);
    const auto end =
        points.begin() + static_cast<std::ptrdiff_t>(points.size() * (column + 1) / columns);
    // What is not finite is no extreme, but it has to be seen to interrupt.
    const auto gap =
        std::find_if(begin, end, [](const PlotPoint& point) { return !std::isfinite(point.y); });
    const auto [low, high] = std::minmax_element(
        begin, gap, [](const PlotPoint& a, const PlotPoint& b) { return a.y < b.y; });
    if (gap != begin) {
      kept.push_back(*std::min(low, high));
      if (low != high) kept.push_back(*std::max(low, high));
    }
    if (gap != end) kept.push_back(*gap);
  }
  return kept;
}

}  // namespace pipesim

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/svg/svg.hpp"
#include "reports/text/op_style.hpp"

namespace pipesim {

/// Colours of a box, and of what is written on it.
struct Paint {
  std::string fill{};
  std::string_view ink;
};

/// With so much white mixed in, 0 to 1.
Paint lighter(const OpStyle& style, double lightness);

/// How light a device's last stage is; those between it and the first stand between.
constexpr double lightest = 0.5;

/// What a picture shows.
struct LegendNeeds {
  unsigned kinds = 0;          ///< A bit for each kind of op.
  std::string_view lighter{};  ///< What a lighter box is; empty: there is none.
};

/// An entry of a legend: a coloured box, perhaps with a sign in it, and its meaning.
struct Swatch {
  Paint paint{};
  std::string_view sign;
  std::string_view meaning;
  Hundredths x = 0;
  Hundredths y = 0;  ///< From the legend's top.
  Hundredths width = 0;
};
constexpr Hundredths legend_line = pixels(20);

/// The entries, set between the left and the right in as many lines as they take.
std::vector<Swatch> gantt_legend(const LegendNeeds& needs, Hundredths left, Hundredths right);
void write_legend(Output& out, Hundredths top, const std::vector<Swatch>& swatches);

}  // namespace pipesim

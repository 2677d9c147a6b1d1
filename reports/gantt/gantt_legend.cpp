#include "reports/gantt/gantt_legend.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace pipesim {

Paint lighter(const OpStyle& style, double lightness) {
  if (lightness == 0) return {std::string(style.fill), style.ink};
  std::array<double, 3> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const double part = std::stoi(std::string(style.fill.substr(1 + 2 * i, 2)), nullptr, 16);
    parts[i] = part + (255 - part) * lightness;
  }
  const double brightness = 0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2];
  return {fmt::format("#{:02x}{:02x}{:02x}", std::lround(parts[0]), std::lround(parts[1]),
                      std::lround(parts[2])),
          brightness > 128 ? "#000000" : style.ink};
}

std::vector<Swatch> gantt_legend(const LegendNeeds& needs, Hundredths left, Hundredths right) {
  std::vector<Swatch> swatches;
  for (int k = 0; k < op_kinds; ++k) {
    if ((needs.kinds & (1u << static_cast<unsigned>(k))) == 0) continue;
    const auto kind = static_cast<OpKind>(k);
    swatches.push_back({lighter(style_of(kind), 0), token(kind), noun(kind)});
  }
  if (!needs.lighter.empty()) {
    const Paint light = lighter(style_of(OpKind::forward), lightest);
    swatches.push_back({light, "", needs.lighter});
  }
  swatches.push_back({{"url(#bubble)", ""}, "", "bubble"});
  // From left to right, as many in a line as there is room for.
  Hundredths x = left;
  Hundredths y = 0;
  for (Swatch& swatch : swatches) {
    swatch.width = std::max(pixels(18), text_width(swatch.sign.size(), 10) + pixels(6));
    const Hundredths end = x + swatch.width + pixels(5) + text_width(swatch.meaning.size(), 9.5);
    if (end > right) {
      x = left;
      y += legend_line;
    }
    swatch.x = x;
    swatch.y = y;
    x += swatch.width + text_width(swatch.meaning.size(), 9.5) + pixels(18);
  }
  return swatches;
}

void write_legend(Output& out, Hundredths top, const std::vector<Swatch>& swatches) {
  for (const Swatch& swatch : swatches) {
    const Hundredths y = top + swatch.y;
    print(out, "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"14\" fill=\"{}\"/>\n",
          svg_length(swatch.x), svg_length(y), svg_length(swatch.width), swatch.paint.fill);
    if (!swatch.sign.empty()) {
      svg_text(out, swatch.x + swatch.width / 2, y + pixels(11), swatch.sign,
               {.size = 10, .ink = swatch.paint.ink, .anchor = "middle"});
    }
    svg_text(out, swatch.x + swatch.width + pixels(5), y + pixels(11), swatch.meaning,
             {.size = 11});
  }
}

}  // namespace pipesim

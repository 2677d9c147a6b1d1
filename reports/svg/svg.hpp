#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "reports/text/markup_text.hpp"
#include "reports/text/output.hpp"

namespace pipesim {

/// A length or a place in a picture, in hundredths of a pixel: whole numbers, so that what abuts
/// does so exactly and every machine writes the same.
using Hundredths = std::int64_t;
constexpr Hundredths pixels(std::int64_t count) {
  return 100 * count;
}

/// As an attribute writes it, without zeros at the end: 6833 is "68.33", 6800 is "68".
std::string svg_length(Hundredths length);

/// What opens a picture of this size: a white page, with a title and a description for those who
/// hear it. Both are cut to a readable length and escaped here.
void begin_svg(Output& out, Hundredths width, Hundredths height, std::string_view title,
               std::string_view description);

/// How a line of text is set.
struct SvgText {
  double size = 12;                   ///< Of the font, in pixels.
  std::string_view ink = "#000000";   ///< Its colour.
  std::string_view anchor = "start";  ///< What stands at x: `start`, `middle` or `end`.
  bool bold = false;
};

/// Text whose baseline begins, has its middle or ends at (x, y). Escaped here.
void svg_text(Output& out, Hundredths x, Hundredths y, std::string_view text, const SvgText& style);

/// Any part of a picture's text.
template <class... Args>
void print(Output& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out.text()), format, std::forward<Args>(args)...);
  out.end_of_line();
}

/// About how wide so many signs are, as fonts differ: rather more than less.
Hundredths text_width(std::size_t signs, double size);

}  // namespace pipesim

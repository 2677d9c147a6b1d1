#include "reports/svg/svg.hpp"

#include <iterator>

namespace pipesim {

std::string svg_length(Hundredths length) {
  const auto size = static_cast<std::uint64_t>(length < 0 ? -length : length);
  std::string text = fmt::format("{}{}", length < 0 ? "-" : "", size / 100);
  if (size % 100 == 0) return text;
  text += fmt::format(".{:02}", size % 100);
  if (text.back() == '0') text.pop_back();
  return text;
}

void begin_svg(Output& out, Hundredths width, Hundredths height, std::string_view title,
               std::string_view description) {
  const std::string w = svg_length(width);
  const std::string h = svg_length(height);
  fmt::format_to(std::back_inserter(out.text()),
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
                 "viewBox=\"0 0 {0} {1}\" role=\"img\" font-family=\"sans-serif\">\n"
                 "<title>{2}</title>\n<desc>{3}</desc>\n"
                 "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
                 w, h, xml_text(cut_to_columns(title, 200)),
                 xml_text(cut_to_columns(description, 2000)));
}

void svg_text(Output& out, Hundredths x, Hundredths y, std::string_view text,
              const SvgText& style) {
  fmt::format_to(std::back_inserter(out.text()), "<text x=\"{}\" y=\"{}\" font-size=\"{:g}\"",
                 svg_length(x), svg_length(y), style.size);
  if (style.bold) out.append(" font-weight=\"bold\"");
  if (style.anchor != "start") {
    fmt::format_to(std::back_inserter(out.text()), " text-anchor=\"{}\"", style.anchor);
  }
  fmt::format_to(std::back_inserter(out.text()), " fill=\"{}\">{}</text>\n", style.ink,
                 xml_text(text));
  out.end_of_line();
}

Hundredths text_width(std::size_t signs, double size) {
  constexpr double widest = 0.62;  // Of digits and capitals, in sizes of the font.
  return static_cast<Hundredths>(100 * widest * size * static_cast<double>(signs));
}

}  // namespace pipesim

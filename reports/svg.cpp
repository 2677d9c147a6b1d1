#include "reports/svg.hpp"

#include <algorithm>
#include <iterator>

namespace pipesim {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

// A sign of a text: its bytes, and its number; -1 for a byte that is no UTF-8.
struct Sign {
  std::string_view bytes;
  std::int32_t code = -1;
};

// The sign at the text's beginning, which is not empty. Overlong forms and surrogates are none.
Sign first_sign(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {text.substr(0, 1), lead};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {text.substr(0, 1)};
  std::int32_t code = lead & (0xff >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {text.substr(0, 1)};
    code = code << 6 | (byte(i) & 0x3f);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {text.substr(0, 1)};
  return {text.substr(0, size), code};
}

// Not for XML, or it would act on the text around it.
bool is_refused(std::int32_t code) {
  const auto within = [code](std::int32_t first, std::int32_t last) {
    return code >= first && code <= last;
  };
  return code < 0x20 || within(0x7f, 0x9f) || code == 0xfffe || code == 0xffff || code == 0x061c ||
         within(0x200e, 0x200f) || within(0x2028, 0x202e) || within(0x2066, 0x2069);
}

std::string_view escaped(const Sign& sign) {
  if (is_refused(sign.code)) return replacement;
  switch (sign.code) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return sign.bytes;
  }
}

template <class Visit>
void each_sign(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    const Sign sign = first_sign(text);
    if (!visit(sign)) return;
    text.remove_prefix(sign.bytes.size());
  }
}

}  // namespace

std::string svg_length(Hundredths length) {
  const auto size = static_cast<std::uint64_t>(length < 0 ? -length : length);
  std::string text = fmt::format("{}{}", length < 0 ? "-" : "", size / 100);
  if (size % 100 == 0) return text;
  text += fmt::format(".{:02}", size % 100);
  if (text.back() == '0') text.pop_back();
  return text;
}

std::string xml_text(std::string_view text) {
  std::string out;
  each_sign(text, [&](const Sign& sign) {
    out += escaped(sign);
    return true;
  });
  return out;
}

std::string cut_to_columns(std::string_view text, std::size_t most_columns) {
  std::size_t columns = 0;
  std::size_t bytes = 0;       // Of what fits.
  std::size_t before_end = 0;  // Of what fits beside an ellipsis.
  each_sign(text, [&](const Sign& sign) {
    columns += sign.code >= 0x1100 ? 2 : 1;
    if (columns < most_columns) before_end = bytes + sign.bytes.size();
    if (columns <= most_columns) bytes += sign.bytes.size();
    return columns <= most_columns;
  });
  if (bytes == text.size()) return std::string(text);
  return std::string(text.substr(0, before_end)) + "…";
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

#include "reports/text/markup_text.hpp"

#include <nlohmann/json.hpp>

#include "models/base/quoted_text.hpp"
#include "reports/text/code_point.hpp"
#include "reports/text/display_width.hpp"

namespace pipesim {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

// Not for XML, or it would act on the text around it.
bool is_refused(std::uint32_t code) {
  const auto within = [code](std::uint32_t first, std::uint32_t last) {
    return code >= first && code <= last;
  };
  return code < 0x20 || within(0x7f, 0x9f) || code == 0xfffe || code == 0xffff || code == 0x061c ||
         within(0x200e, 0x200f) || within(0x2028, 0x202e) || within(0x2066, 0x2069);
}

std::string_view escaped(const CodePoint& sign, std::string_view bytes) {
  if (!sign.is_valid || is_refused(sign.value)) return replacement;
  switch (sign.value) {
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
      return bytes;
  }
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint sign = first_code_point(text);
    out += escaped(sign, text.substr(0, sign.bytes));
    text.remove_prefix(sign.bytes);
  }
  return out;
}

std::string cut_to_columns(std::string_view text, std::size_t most_columns) {
  constexpr std::size_t bytes_a_column = 16;
  return cut_to_width(shortened(text, bytes_a_column * most_columns), most_columns);
}

std::string script_json(const nlohmann::ordered_json& json) {
  std::string escaped;
  // In ASCII: U+2028 and U+2029, which end lines in scripts, are escaped, too.
  for (const char sign : json.dump(-1, ' ', true)) {
    switch (sign) {
      case '<':
        escaped += "\\u003c";
        break;
      case '>':
        escaped += "\\u003e";
        break;
      case '&':
        escaped += "\\u0026";
        break;
      default:
        escaped += sign;
    }
  }
  return escaped;
}

std::string shortened(std::string_view text, std::size_t most) {
  const std::string_view kept = whole_characters(text, most);
  return std::string(kept) + (kept.size() < text.size() ? "…" : "");
}

}  // namespace pipesim

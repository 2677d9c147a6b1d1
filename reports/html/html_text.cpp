#include "reports/html/html_text.hpp"

#include <nlohmann/json.hpp>

namespace pipesim {

namespace {

std::string_view entity(char sign) {
  switch (sign) {
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
      return {};
  }
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string escaped;
  for (const char sign : text) {
    const std::string_view instead = entity(sign);
    if (instead.empty()) {
      escaped += sign;
    } else {
      escaped += instead;
    }
  }
  return escaped;
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
  if (text.size() <= most) return std::string(text);
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
  };
  while (most > 0 && continues(most)) --most;
  return std::string(text.substr(0, most)) + "…";
}

}  // namespace pipesim

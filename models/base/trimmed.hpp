#pragma once

#include <string_view>

namespace pipesim {

/// What stands beside words in a line; the end of a line in files from Windows among it.
inline constexpr std::string_view blanks = " \t\r";

/// The text without the blanks around it.
constexpr std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace pipesim

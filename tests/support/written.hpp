#pragma once

#include <string>

#include "reports/text/output.hpp"

namespace pipesim::test {

/// What a report writes, as text.
template <class Write, class... Arguments>
std::string written(const Write& write, const Arguments&... arguments) {
  std::string text;
  Output out([&](std::string_view part) { text += part; });
  write(out, arguments...);
  out.flush();
  return text;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// How often a part stands in a text.
inline std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace pipesim::test

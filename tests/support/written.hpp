#pragma once

#include <string>

#include "reports/output.hpp"

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

}  // namespace pipesim::test

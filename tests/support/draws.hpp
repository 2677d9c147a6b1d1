#pragma once

#include <cstdlib>

namespace pipesim::test {

/// How many random inputs a property is tried on: `usual`, a few seconds' worth, or what
/// PIPESIM_DRAWS in the environment says.
inline int draws(int usual) {
  const char* wanted = std::getenv("PIPESIM_DRAWS");
  return wanted == nullptr ? usual : std::atoi(wanted);
}

}  // namespace pipesim::test

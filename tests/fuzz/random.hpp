#pragma once

#include <cstddef>
#include <random>

namespace pipesim::test {

/// The same numbers on every machine, unlike the library's distributions.
using Random = std::mt19937;

inline std::size_t below(Random& random, std::size_t bound) {
  return random() % bound;
}

}  // namespace pipesim::test

#pragma once

#include <cstddef>
#include <random>
#include <string>

namespace pipesim::test {

/// The same numbers on every machine, unlike the library's distributions.
using Random = std::mt19937;

inline std::size_t below(Random& random, std::size_t bound) {
  return random() % bound;
}

/// A stretch of a text.
struct Part {
  std::size_t first = 0;
  std::size_t size = 0;
  std::size_t end() const { return first + size; }
};

/// Flips a bit, puts a byte in, or takes up to `most_erased` out, at a place of the text.
inline void damage_bytes(std::string& text, std::size_t at, Random& random,
                         std::size_t most_erased) {
  switch (below(random, 3)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(random, 8)));
      return;
    case 1:
      text.insert(at, 1, static_cast<char>(below(random, 256)));
      return;
    default:
      text.erase(at, 1 + below(random, most_erased));
  }
}

}  // namespace pipesim::test

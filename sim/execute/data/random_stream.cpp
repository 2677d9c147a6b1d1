#include "sim/execute/data/random_stream.hpp"

#include <array>
#include <random>

namespace pipesim {

namespace {

std::uint32_t low_half(std::int64_t value) {
  return static_cast<std::uint32_t>(value);
}

std::uint32_t high_half(std::int64_t value) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(value) >> 32);
}

}  // namespace

// The standard says what std::seed_seq computes, bit by bit.
RandomStream::RandomStream(std::int64_t seed, Purpose purpose, std::int64_t index) {
  std::seed_seq mixer{static_cast<std::uint32_t>(purpose), low_half(seed), high_half(seed),
                      low_half(index), high_half(index)};
  std::array<std::uint32_t, 2> words{};
  mixer.generate(words.begin(), words.end());
  state_ = words[0] | std::uint64_t{words[1]} << 32;
}

}  // namespace pipesim

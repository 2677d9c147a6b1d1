#pragma once

#include <cstdint>

namespace pipesim {

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): what its state grows by from number to number.
inline constexpr std::uint64_t split_mix_step = 0x9e3779b97f4a7c15;

/// The number that it makes of a state.
constexpr std::uint64_t split_mix(std::uint64_t state) {
  state = (state ^ state >> 30) * 0xbf58476d1ce4e5b9;
  state = (state ^ state >> 27) * 0x94d049bb133111eb;
  return state ^ state >> 31;
}

/// Number n of the stream that begins with state 0: a hash of n.
constexpr std::uint64_t scrambled(std::uint64_t n) {
  return split_mix((n + 1) * split_mix_step);
}

}  // namespace pipesim

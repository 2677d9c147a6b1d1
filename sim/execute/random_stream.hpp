#pragma once

#include <cstdint>
#include <limits>

namespace pipesim {

/// What the numbers of a stream are for.
enum class Purpose : std::uint32_t { weights = 1, samples = 2 };

/// Random 64-bit numbers that depend on seed, purpose and index alone, the same on every platform:
/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). A stream costs next to nothing to begin, so
/// that every sample can have its own. A uniform random bit generator for Boost's distributions.
class RandomStream {
 public:
  using result_type = std::uint64_t;

  RandomStream(std::int64_t seed, Purpose purpose, std::int64_t index);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  result_type operator()() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

 private:
  std::uint64_t state_ = 0;
};

}  // namespace pipesim

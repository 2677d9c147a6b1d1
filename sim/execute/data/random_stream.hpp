#pragma once

#include <cstdint>
#include <limits>

#include "models/base/split_mix.hpp"

namespace pipesim {

/// What the numbers of a stream are for.
enum class Purpose : std::uint32_t { weights = 1, samples = 2 };

/// Random 64-bit numbers that depend on seed, purpose and index alone, the same on every platform:
/// SplitMix64. A stream costs next to nothing to begin, so
/// that every sample can have its own. A uniform random bit generator for Boost's distributions.
class RandomStream {
 public:
  using result_type = std::uint64_t;

  RandomStream(std::int64_t seed, Purpose purpose, std::int64_t index);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  result_type operator()() {
    state_ += split_mix_step;
    return split_mix(state_);
  }

 private:
  std::uint64_t state_ = 0;
};

}  // namespace pipesim

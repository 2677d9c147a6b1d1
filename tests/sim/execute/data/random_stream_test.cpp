#include "sim/execute/data/random_stream.hpp"

#include <doctest/doctest.h>

#include <set>

namespace pipesim {

TEST_SUITE("sim/execute/data/random_stream") {
  TEST_CASE("a stream's numbers are SplitMix64's from the state that seed_seq makes") {
    RandomStream weights(42, Purpose::weights, 0);
    CHECK(weights() == 0x89f4ebae578b3177);
    CHECK(weights() == 0x707b15156e785eb7);
    RandomStream samples(-1, Purpose::samples, std::int64_t{1} << 40);
    CHECK(samples() == 0x40028f0d8277e859);
    CHECK(samples() == 0xbfbe57adf1e4669c);
  }

  TEST_CASE("seed, purpose and index each make another stream, in all their bits") {
    std::set<std::uint64_t> firsts;
    for (const std::int64_t seed : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1},
                                    std::int64_t{1} << 32, std::int64_t{1} << 62}) {
      for (const Purpose purpose : {Purpose::weights, Purpose::samples}) {
        for (const std::int64_t index : {std::int64_t{0}, std::int64_t{1}, std::int64_t{2},
                                         std::int64_t{1} << 32, std::int64_t{1} << 62}) {
          firsts.insert(RandomStream(seed, purpose, index)());
        }
      }
    }
    CHECK(firsts.size() == 5 * 2 * 5);
  }
}

}  // namespace pipesim

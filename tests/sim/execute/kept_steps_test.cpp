#include "sim/execute/kept_steps.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

std::vector<std::size_t> kept_of(std::size_t steps, std::size_t most) {
  KeptSteps<int> kept(most);
  for (std::size_t i = 0; i < steps; ++i) kept.add(static_cast<int>(i));
  std::vector<std::size_t> numbers;
  for (const auto& entry : kept.kept()) {
    CHECK(entry.step == static_cast<int>(entry.number));
    numbers.push_back(entry.number);
  }
  return numbers;
}

}  // namespace

TEST_SUITE("sim/execute/kept_steps") {
  TEST_CASE("all steps are kept until there are too many, then every second, every fourth") {
    CHECK(kept_of(4, 4) == std::vector<std::size_t>{0, 1, 2, 3});
    CHECK(kept_of(5, 4) == std::vector<std::size_t>{0, 2, 4});
    CHECK(kept_of(9, 4) == std::vector<std::size_t>{0, 4, 8});
    CHECK(kept_of(16, 4) == std::vector<std::size_t>{0, 4, 8, 12});
    CHECK(kept_of(1000, 2) == std::vector<std::size_t>{0, 512});
  }

  TEST_CASE("a sample is evenly spread and at least half of what may be kept") {
    for (std::size_t most = 2; most < 20; ++most) {
      for (std::size_t steps = most; steps < 300; ++steps) {
        const std::vector<std::size_t> numbers = kept_of(steps, most);
        CAPTURE(most);
        CAPTURE(steps);
        CHECK(numbers.size() <= most);
        CHECK(2 * numbers.size() >= most);
        for (std::size_t i = 1; i < numbers.size(); ++i) {
          CHECK(numbers[i] == i * numbers[1]);
        }
      }
    }
  }

  TEST_CASE("as many steps are kept as 256 MiB hold, 5 to 64 of them") {
    CHECK(most_kept_steps(16'000) == 64);
    CHECK(most_kept_steps(1 << 20) == 16);
    CHECK(most_kept_steps(100'000'000) == 5);
    CHECK(most_kept_steps(0) == 64);
  }
}

}  // namespace pipesim

#include "reports/svg/axis_ticks.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

// "0 2 4 ns"
std::string labels(Time end, int most_steps) {
  const TimeTicks ticks = time_ticks(end, most_steps);
  std::string text;
  for (Time at; at <= end; at += ticks.step) text += ticks.label(at) + " ";
  return text + std::string(ticks.unit_name);
}

}  // namespace

TEST_SUITE("reports/svg/axis_ticks") {
  TEST_CASE("ticks of time are round, in the largest unit of which there is one") {
    CHECK(labels({12}, 14) == "0 1 2 3 4 5 6 7 8 9 10 11 12 ps");
    CHECK(labels(12_ns, 6) == "0 2 4 6 8 10 12 ns");
    CHECK(labels({1500}, 4) == "0 0.5 1 1.5 ns");
    CHECK(labels({1'871'000'000}, 5) == "0 0.5 1 1.5 ms");
    CHECK(labels({60'021'000'000'000'000}, 3) == "0 20000 40000 60000 s");
    CHECK(labels({1}, 3) == "0 1 ps");
    CHECK(labels({}, 3) == "0 ps");
  }

  TEST_CASE("the longest time there is has ticks") {
    CHECK(labels(Time::limit(), 2) == "0 2000000 4000000 s");
    CHECK(time_ticks(Time::limit(), 1).step == Time{5'000'000'000'000'000'000});
  }

  TEST_CASE("round values enclose a range in at most so many steps") {
    using Ticks = std::vector<double>;
    CHECK(round_ticks(0, 1, 6) == Ticks{0, 0.2, 0.4, 0.2 * 3, 0.8, 1});
    CHECK(round_ticks(2, 16, 8) == Ticks{2, 4, 6, 8, 10, 12, 14, 16});
    CHECK(round_ticks(0, 1920, 6) == Ticks{0, 500, 1000, 1500, 2000});
    CHECK(round_ticks(-3, 4, 4) == Ticks{-4, -2, 0, 2, 4});
    CHECK(round_ticks(3, 3, 4) == Ticks{3, 3.25, 3.5, 3.75, 4});
    for (const double scale : {1e-300, 1e-9, 1.0, 1e9, 1e300}) {
      for (const double high : {1.0, 1.01, 2.49, 7.3, 9.99}) {
        for (const int most : {1, 4, 7}) {
          const Ticks ticks = round_ticks(0, high * scale, most);
          CHECK(ticks.front() == 0);
          CHECK(ticks.back() >= high * scale * (1 - 1e-8));
          CHECK(static_cast<int>(ticks.size()) - 1 <= most);
        }
      }
    }
  }
}

}  // namespace pipesim

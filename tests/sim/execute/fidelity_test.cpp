#include "sim/execute/fidelity.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

FidelityRow row(Time predicted, Time executed, bool passed = true) {
  return {.model = "m", .predicted = predicted, .executed = executed, .passed = passed};
}

}  // namespace

TEST_SUITE("sim/execute/fidelity") {
  TEST_CASE("an error is the prediction's distance from the run, over the run") {
    CHECK(row(110_ns, 100_ns).error_percent() == doctest::Approx(10));
    CHECK(row(75_ns, 100_ns).error_percent() == doctest::Approx(-25));
  }

  TEST_CASE("the median error counts sizes, not signs") {
    CHECK(median_error_percent({row(99_ns, 100_ns), row(150_ns, 100_ns), row(60_ns, 100_ns)}) ==
          doctest::Approx(40));
    CHECK(median_error_percent({row(99_ns, 100_ns), row(150_ns, 100_ns)}) == doctest::Approx(25.5));
  }

  TEST_CASE("of several rounds, the shortest time counts, predicted as executed") {
    const auto rows = fastest_of({{row(1_ns, 30_ns)}, {row(3_ns, 10_ns)}, {row(2_ns, 20_ns)}});
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].predicted == 1_ns);
    CHECK(rows[0].executed == 10_ns);
    CHECK(rows[0].passed);
    CHECK(!fastest_of({{row(1_ns, 1_ns)}, {row(1_ns, 1_ns, false)}})[0].passed);
  }
}

}  // namespace pipesim

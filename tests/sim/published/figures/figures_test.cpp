#include "sim/published/figures/figures.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace pipesim::published {

namespace {

using Kind = Tolerance::Kind;

// Errors of +10, -20, +30 and, not counted, +900 percent.
std::vector<Row> rows() {
  return {{.published = 10, .predicted = 11},
          {.published = 10, .predicted = 8},
          {.published = 10, .predicted = 13},
          {.published = 10, .predicted = 100, .counts = false}};
}

Verdict held(const std::vector<Row>& all, const Tolerance& tolerance) {
  const std::vector<Verdict> found = verdicts({.tolerances = {tolerance}, .rows = all});
  REQUIRE(found.size() == 1);
  return found.front();
}

}  // namespace

TEST_SUITE("sim/published/figures/figures") {
  TEST_CASE("mean, median and worst are of the sizes of the errors of the rows that count") {
    CHECK(mean_error(rows()) == doctest::Approx(0.2));
    CHECK(median_error(rows()) == doctest::Approx(0.2));
    CHECK(worst_error(rows()) == doctest::Approx(0.3));
    CHECK(median_error({{.published = 1, .predicted = 1.1}, {.published = 1, .predicted = 1.3}}) ==
          doctest::Approx(0.2));
    CHECK(mean_error({}) == 0);
  }

  TEST_CASE("a tolerance holds up to its limit and breaks beyond it") {
    const std::vector<Row> quarter{{.published = 4, .predicted = 5}};
    for (const Kind kind : {Kind::worst, Kind::mean, Kind::median, Kind::most_rows}) {
      CHECK(held(quarter, {.kind = kind, .limit = 0.25}).holds);
      CHECK_FALSE(held(quarter, {.kind = kind, .limit = 0.2499}).holds);
    }
  }

  TEST_CASE("all rows but so many are within a limit") {
    const Verdict verdict = held(rows(), {.kind = Kind::most_rows, .limit = 0.25, .outliers = 1});
    CHECK(verdict.found == 1);
    CHECK(verdict.holds);
    CHECK_FALSE(held(rows(), {.kind = Kind::most_rows, .limit = 0.15, .outliers = 1}).holds);
  }

  TEST_CASE("exact is within the printed rounding, and texts are equal or not") {
    const auto exact = [](Row row) { return held({row}, {.kind = Kind::exact}).holds; };
    CHECK(exact({.published = 3, .predicted = 3}));
    CHECK_FALSE(exact({.published = 3, .predicted = 3.0000001}));
    CHECK(exact({.published = 282.2, .predicted = 282.16, .rounding = 0.05}));
    CHECK_FALSE(exact({.published = 282.2, .predicted = 282.14, .rounding = 0.05}));
    CHECK(exact({.published_text = "3 1", .predicted_text = "3 1"}));
    CHECK_FALSE(exact({.published_text = "3 1", .predicted_text = "4"}));
  }

  TEST_CASE("what is not predicted breaks every tolerance") {
    const std::vector<Row> none{
        {.published = 3, .predicted = std::numeric_limits<double>::quiet_NaN()}};
    for (const Kind kind : {Kind::exact, Kind::worst, Kind::mean, Kind::median, Kind::most_rows}) {
      CHECK_FALSE(held(none, {.kind = kind, .limit = 1e9}).holds);
    }
  }

  TEST_CASE("a table where no row counts has no verdict, and holds") {
    const Comparison reported{.tolerances = {{.kind = Kind::exact}},
                              .rows = {{.published = 1, .predicted = 2, .counts = false}}};
    CHECK(verdicts(reported).empty());
    CHECK(holds(reported));
  }
}

}  // namespace pipesim::published

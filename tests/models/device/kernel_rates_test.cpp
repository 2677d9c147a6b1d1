#include "models/device/kernel_rates.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support/refusal.hpp"

namespace pipesim {

namespace {

KernelRates read(std::string_view json) {
  return read_kernel_rates(Field(parse_document(json, "d.json")));
}

// Rates that are a product of powers of their coordinates lie on what is interpolated.
KernelRates powers() {
  KernelRates rates{.rows = {1, 4, 16}, .weights = {100, 10000}, .working_set = {1000, 8000}};
  for (const double s : rates.working_set) {
    for (const double w : rates.weights) {
      for (const double r : rates.rows) {
        rates.rates[0].push_back(1e9 * r / std::sqrt(w) / std::cbrt(s));
        rates.rates[1].push_back(2e9);
        rates.rates[2].push_back(3e9 * r);
      }
    }
  }
  return rates;
}

std::string error_of(std::string_view json) {
  return test::refusal_of([&] { read(json); });
}

}  // namespace

TEST_SUITE("models/device/kernel_rates") {
  TEST_CASE("between points, rates are linear in the logarithms of all three axes") {
    const KernelRates rates = powers();
    for (const double r : {1.0, 2.0, 3.0, 8.0, 16.0}) {
      for (const double w : {100.0, 777.0, 10000.0}) {
        for (const double s : {1000.0, 2000.0, 8000.0}) {
          CHECK(rates.rate(Kernel::forward, r, w, s) ==
                doctest::Approx(1e9 * r / std::sqrt(w) / std::cbrt(s)).epsilon(1e-12));
          CHECK(rates.rate(Kernel::input_gradient, r, w, s) == doctest::Approx(2e9).epsilon(1e-12));
        }
      }
    }
  }

  TEST_CASE("beyond the ends a rate stays what it is there") {
    const KernelRates rates = powers();
    CHECK(rates.rate(Kernel::weight_gradient, 0.5, 1, 1) == doctest::Approx(3e9).epsilon(1e-12));
    CHECK(rates.rate(Kernel::weight_gradient, 999, 1e9, 1e12) ==
          doctest::Approx(48e9).epsilon(1e-12));
  }

  TEST_CASE("a table is read by working set, weights and rows") {
    const KernelRates rates = read(R"({"rows": [1, 2], "weights": [64], "working_set": [10, 20],
        "forward": [[[1, 2]], [[3, "4 GFLOP/s"]]],
        "input_gradient": [[[5, 6]], [[7, 8]]], "weight_gradient": [[[9, 10]], [[11, 12]]]})");
    CHECK(rates.rates[0] == std::vector<double>{1, 2, 3, 4e9});
    CHECK(rates.rates[2] == std::vector<double>{9, 10, 11, 12});
  }

  TEST_CASE("a table that does not fit its axes is refused, with its place") {
    CHECK(error_of(R"({"rows": [1, 2], "weights": [64], "working_set": [10],
        "forward": [[[1]]], "input_gradient": [[[1, 2]]], "weight_gradient": [[[1, 2]]]})") ==
          "d.json: /forward/0/0: must have an entry for each of the 2 points of rows, got [1]\n"
          "  hint: a kernel's rates stand in lists by working_set, weights and rows");
    CHECK(error_of(R"({"rows": [2, 2]})") ==
          "d.json: /rows/1: must be above the entry before it, got 2\n  hint: an axis ascends");
    CHECK(error_of(R"({"rows": []})") ==
          "d.json: /rows: must not be empty, got []\n"
          "  hint: an axis has at least one point");
  }
}

}  // namespace pipesim

#include "sim/assemble/assumed_times.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/experiments.hpp"

using namespace pipesim;

namespace {

std::string unlike(const std::string& schedule, const std::string& input,
                   const std::string& recompute = "none", const std::string& forward = "1") {
  return times_unlike_order(test::experiment_from(
      R"({"model": {"kind": "stage_costs", "forward": )" + forward + R"(, "backward_input": )" +
      input + R"(, "backward_weight": 1, "recompute": 1},
          "pipeline": {"stages": 2, "micro_batches": 4, "schedule": ")" +
      schedule + R"(", "recompute": ")" + recompute + R"("}})"));
}

}  // namespace

TEST_SUITE_BEGIN("sim/assemble/assumed_times");

TEST_CASE("times are far from F = I = W when one takes as long as two of another") {
  CHECK(unlike("zb_h1", "1").empty());
  CHECK(unlike("zb_h1", "1.99").empty());
  CHECK(unlike("zb_h1", "2") == "made for F = I = W, here 1 : 2 : 1");
  CHECK(unlike("zb_h2", "0.4") == "made for F = I = W, here 1 : 0.4 : 1");
  CHECK(unlike("zb_h1", "1.3", "full") == "made for F = I = W, here 1 : 2.3 : 1");
  CHECK(unlike("zb_h1", "0", "none", "0") == "made for F = I = W, here 0 : 0 : 1");
}

TEST_CASE("and stages are far from equal when one takes twice as long as another") {
  CHECK(unlike("zb_h1", "[1, 1.5]", "none", "[1, 1.5]").empty());
  CHECK(unlike("zb_h1", "[0.5, 2.5]", "none", "[0.5, 2.5]") ==
        "made for equal stages, here up to 3 times as long");
}

TEST_CASE("an order that assumes nothing is never far") {
  for (const char* schedule : {"gpipe", "1f1b", "zb_auto"}) CHECK(unlike(schedule, "9").empty());
}

TEST_SUITE_END();

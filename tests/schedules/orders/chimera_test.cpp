#include "schedules/orders/chimera.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "support/experiments.hpp"
#include "support/schedules/op_graph.hpp"
#include "support/schedules/orders.hpp"

using namespace pipesim;
using test::text_of;

TEST_SUITE_BEGIN("schedules/orders/chimera");

TEST_CASE("chimera's two directions take turns") {
  const Schedule schedule = chimera({.stages = 4, .micro_batches = 4});
  CHECK(schedule.placement == std::vector<int>{0, 1, 2, 3});
  CHECK(schedule.second_placement == std::vector<int>{3, 2, 1, 0});
  CHECK(text_of(schedule.lanes[0]) == "F0 F1 F2 B2 F3 B3 B0 B1");
  CHECK(text_of(schedule.lanes[1]) == "F0 F2 F1 F3 B2 B0 B3 B1");
  CHECK(text_of(schedule.lanes[2]) == "F2 F0 F3 F1 B0 B2 B1 B3");
  CHECK(text_of(schedule.lanes[3]) == "F2 F3 F0 B0 F1 B1 B2 B3");
}

TEST_CASE("chimera's next unit starts in the last one's bubble") {
  const Schedule schedule = chimera({.stages = 4, .micro_batches = 8});
  CHECK(text_of(schedule.lanes[0]) == "F0 F1 F4 B4 F5 B5 B0 F2 B1 F3 F6 B6 F7 B7 B2 B3");
}

TEST_CASE("chimera holds k / 2 + 1 activations at the ends, and k in the middle") {
  CHECK(test::peak_in_flight(chimera({.stages = 8, .micro_batches = 24})) ==
        std::vector<int>{5, 6, 7, 8, 8, 7, 6, 5});
  CHECK(test::peak_in_flight(chimera({.stages = 8, .micro_batches = 4})) ==
        std::vector<int>{3, 4, 4, 4, 4, 4, 4, 3});
  for (const int stages : {2, 4, 6, 12}) {
    for (const int micro_batches : {2, 4, 8, 30}) {
      const int unit = std::min(stages, micro_batches);
      const std::vector<int> peaks =
          test::peak_in_flight(chimera({.stages = stages, .micro_batches = micro_batches}));
      for (int device = 0; device < stages; ++device) {
        CHECK(peaks[static_cast<std::size_t>(device)] ==
              std::min(unit, unit / 2 + 1 + std::min(device, stages - 1 - device)));
      }
    }
  }
}

TEST_CASE(
    "the bubble of chimera is (k - 2) / (2m + k - 2) where forwards and backwards take the same") {
  const auto ratio = chimera_bubble(
      {.shape = {.stages = 8, .micro_batches = 16}, .forward = 1_ns, .backward = 1_ns});
  REQUIRE(ratio);
  CHECK(test::same(*ratio, {6, 38}));
}

TEST_CASE("the bubble of chimera is exact for whole units, for one unit, and for f = b") {
  std::mt19937 random(51);
  const auto any = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  for (int trial = 0; trial < 400; ++trial) {
    const int stages = 2 * any(1, 5);
    const int micro_batches = trial % 3 == 0   ? stages * any(1, 4)
                              : trial % 3 == 1 ? 2 * any(1, stages / 2)
                                               : 2 * any(1, 20);
    const Time forward{any(1, 50)};
    const EqualStages equal{.shape = {.stages = stages, .micro_batches = micro_batches},
                            .forward = forward,
                            .backward = trial % 3 == 2 ? forward : Time{any(1, 50)}};
    const auto formula = chimera_bubble(equal);
    CAPTURE(stages);
    CAPTURE(micro_batches);
    REQUIRE(formula);
    CHECK(test::same(*formula,
                     test::idle_fraction(chimera(equal.shape),
                                         test::equal_costs(stages, {.forward = equal.forward,
                                                                    .backward = equal.backward}))));
  }
}

TEST_CASE("there is no formula for chimera where the last unit is not full and f is not b") {
  EqualStages equal{.shape = {.stages = 4, .micro_batches = 6}, .forward = 1_ns, .backward = 2_ns};
  CHECK(!chimera_bubble(equal));
  equal.shape.micro_batches = 8;
  CHECK(chimera_bubble(equal));
  equal.deferred_weight_gradient = true;
  CHECK(!chimera_bubble(equal));
}

TEST_CASE("chimera needs even numbers of stages and of micro-batches") {
  CHECK(chimera_refusal({.stages = 3, .micro_batches = 4}) ==
        Refusal{.key = "stages",
                .problem = "must be even: the pipeline is fed from both ends",
                .hint = "4 would do"});
  CHECK(chimera_refusal({.stages = 4, .micro_batches = 5}) ==
        Refusal{.key = "micro_batches",
                .problem = "must be even: half of them go each way",
                .hint = "6 would do"});
  CHECK(chimera_refusal({.stages = 4, .micro_batches = 4, .virtual_stages = 2}) ==
        Refusal{.key = "virtual_stages",
                .problem = "must be 1 with this schedule",
                .hint = "leave it out"});
  CHECK(!chimera_refusal({.stages = 4, .micro_batches = 2}));
}

TEST_SUITE_END();

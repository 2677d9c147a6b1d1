#include "schedules/orders/looped_bfs.hpp"

#include <doctest/doctest.h>

#include <random>

#include "schedules/core/deferred_weight_gradient.hpp"
#include "schedules/orders/gpipe.hpp"
#include "support/experiments.hpp"
#include "support/schedules/op_graph.hpp"
#include "support/schedules/orders.hpp"

using namespace pipesim;
using test::staged_text;

TEST_SUITE_BEGIN("schedules/orders/looped_bfs");

TEST_CASE("looped bfs goes through one stage with all micro-batches, then through the next") {
  const Schedule schedule = looped_bfs({.stages = 2, .micro_batches = 3, .virtual_stages = 2});
  CHECK(schedule.placement == std::vector<int>{0, 1, 0, 1});
  CHECK(staged_text(schedule.lanes[0]) == "0F0 0F1 0F2 2F0 2F1 2F2 2B2 2B1 2B0 0B2 0B1 0B0");
  CHECK(staged_text(schedule.lanes[1]) == "1F0 1F1 1F2 3F0 3F1 3F2 3B2 3B1 3B0 1B2 1B1 1B0");
}

TEST_CASE("looped bfs with one stage on each device is gpipe") {
  const PipelineShape shape{.stages = 4, .micro_batches = 6};
  CHECK(looped_bfs(shape).lanes == gpipe(shape).lanes);
}

TEST_CASE("looped bfs holds every micro-batch in every stage at the turn") {
  const Schedule schedule = looped_bfs({.stages = 4, .micro_batches = 6, .virtual_stages = 3});
  CHECK(test::peak_in_flight(schedule) == std::vector<int>(4, 18));
}

TEST_CASE("the bubble of looped bfs is (k - 1) / (v m + k - 1) from k micro-batches on") {
  const auto ratio =
      looped_bfs_bubble({.shape = {.stages = 4, .micro_batches = 8, .virtual_stages = 3},
                         .forward = 1_ns,
                         .backward = 2_ns});
  REQUIRE(ratio);
  CHECK(test::same(*ratio, {3, 27}));
}

TEST_CASE(
    "the bubble of looped bfs is exact for every shape, with a deferred weight gradient too") {
  std::mt19937 random(21);
  const auto any = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  for (int trial = 0; trial < 300; ++trial) {
    const EqualStages equal{
        .shape = {.stages = any(1, 7), .micro_batches = any(1, 16), .virtual_stages = any(1, 4)},
        .forward = {any(0, 50)},
        .backward = {any(1, 50)},
        .backward_input = {any(1, 50)},
        .backward_weight = {any(0, 50)},
        .deferred_weight_gradient = trial % 2 == 0};
    const auto costs =
        test::equal_costs(equal.shape.all_stages(), {.forward = equal.forward,
                                                     .backward = equal.backward,
                                                     .backward_input = equal.backward_input,
                                                     .backward_weight = equal.backward_weight});
    const Schedule schedule = looped_bfs(equal.shape);
    const Ratio simulated = test::idle_fraction(
        equal.deferred_weight_gradient ? with_deferred_weight_gradient(schedule) : schedule, costs);
    CAPTURE(equal.shape.stages);
    CAPTURE(equal.shape.micro_batches);
    CAPTURE(equal.shape.virtual_stages);
    const auto formula = looped_bfs_bubble(equal);
    REQUIRE(formula);
    CHECK(test::same(*formula, simulated));
  }
}

TEST_CASE("there is no formula for looped bfs with re-computation on several stages") {
  EqualStages equal{.shape = {.stages = 2, .micro_batches = 2, .virtual_stages = 2},
                    .forward = 1_ns,
                    .recompute_setting = Recompute::full};
  CHECK(!looped_bfs_bubble(equal));
  equal.shape.virtual_stages = 1;
  CHECK(looped_bfs_bubble(equal));
}

TEST_SUITE_END();

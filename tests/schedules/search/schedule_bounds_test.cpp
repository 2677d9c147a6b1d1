#include "schedules/search/schedule_bounds.hpp"

#include <doctest/doctest.h>

#include "schedules/orders/zb_auto.hpp"
#include "support/schedules/zero_bubble.hpp"

using namespace pipesim;

TEST_SUITE_BEGIN("schedules/search/schedule_bounds");

TEST_CASE("the least memory is one stash in each stage, and what an I adds") {
  ScheduleRequest request = test::equal_request(
      {.stages = 2, .micro_batches = 4, .virtual_stages = 2}, {.stash = 10, .weight_stash = 4}, 0);
  CHECK(least_memory(request, 0) == 20);
  request.loads[3] = {.stash = 7, .weight_stash = 12};
  CHECK(least_memory(request, 0) == 10 + 7 + 5);
  CHECK(least_memory(request, 1) == 20);
}

TEST_CASE(
    "the least cost is a device's work, or the way to a stage and back with all its F and I") {
  ScheduleRequest request =
      test::equal_request({.stages = 3, .micro_batches = 10},
                          {.forward = 2_ns, .backward_input = 3_ns, .backward_weight = 4_ns}, 0);
  CHECK(least_cost(request) == 10 * 9_ns);
  request.shape.micro_batches = 2;
  request.hops = {1_ns, 5_ns};
  CHECK(least_cost(request) == (2 + 2) * 5_ns + 2 * 6_ns + 4_ns);
}

TEST_CASE("half of the round trip is as many micro-batches as there are stages from this one on") {
  const ScheduleRequest request = test::equal_request({.stages = 5, .micro_batches = 100},
                                                      {.forward = 2_ns, .backward_input = 2_ns}, 0);
  for (int stage = 0; stage < 5; ++stage) {
    const auto s = static_cast<std::size_t>(stage);
    CHECK(round_trip_depths(request, 8)[s] == 5 - stage);
    CHECK(round_trip_depths(request, 16)[s] == 2 * (5 - stage) - 1);
  }
}

TEST_CASE("a stage never starts more micro-batches than there are") {
  ScheduleRequest request = test::equal_request({.stages = 5, .micro_batches = 3},
                                                {.forward = 2_ns, .backward_input = 2_ns}, 0);
  CHECK(round_trip_depths(request, 16)[0] == 3);
  request.loads[0].forward = {};
  CHECK(round_trip_depths(request, 1)[0] == 3);
}

TEST_SUITE_END();

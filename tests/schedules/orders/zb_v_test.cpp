#include "schedules/orders/zb_v.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "schedules/check/check_schedule.hpp"
#include "schedules/search/schedule_bounds.hpp"
#include "support/schedules/exact_cost.hpp"
#include "support/schedules/order_clock.hpp"
#include "support/schedules/zero_bubble.hpp"

using namespace pipesim;

TEST_SUITE_BEGIN("schedules/orders/zb_v");

TEST_CASE("in the memory of 1f1b its bubble is below that of the published ZB-V") {
  // Qi et al., arXiv:2401.10241, table 8; times of a chunk.
  using test::PublishedRates;
  const std::vector<std::pair<PublishedRates, double>> rows{
      {PublishedRates{24, 72, 13526_us, 13938_us, 10502_us, 755_us}, 0.0638},
      {PublishedRates{24, 96, 13566_us, 13968_us, 10518_us, 758_us}, 0.0483},
      {PublishedRates{24, 192, 13570_us, 13980_us, 10520_us, 770_us}, 0.0250}};
  for (const auto& [row, of_paper] : rows) {
    const ScheduleRequest request = test::published_request(row, 5120, 40, 2);
    const test::OrderCost order = test::play(zb_v(request), request);
    REQUIRE(order.complete);
    CHECK(*std::max_element(order.peak.begin(), order.peak.end()) <=
          2 * 24 * request.loads[0].stash);
    const double rate = order.bubble_rate(request);
    MESSAGE("m ", row.micro_batches, ": ", rate, ", published ", of_paper);
    CHECK(rate < of_paper);
  }
}

TEST_CASE("equal ops and free transfers leave no bubble, in the memory of 1f1b") {
  for (const int devices : {1, 2, 3, 6}) {
    for (const int micro_batches : {2 * devices, 5 * devices}) {
      CAPTURE(devices);
      CAPTURE(micro_batches);
      ScheduleRequest request = test::equal_request(
          {.stages = devices, .micro_batches = micro_batches, .virtual_stages = 2},
          {.forward = 1_us,
           .backward_input = 1_us,
           .backward_weight = 1_us,
           .stash = 2,
           .weight_stash = 1},
          0);
      request.memory.clear();
      const test::OrderCost order = test::play(zb_v(request), request);
      CHECK(order.cost == micro_batches * 6_us);
      CHECK(*std::max_element(order.peak.begin(), order.peak.end()) <= 2 * 2 * devices);
    }
  }
}

TEST_CASE("the memory of one micro-batch in each stage leaves one order of F and I") {
  const ScheduleRequest request =
      test::equal_request({.stages = 2, .micro_batches = 2, .virtual_stages = 2},
                          {.forward = 1_ns,
                           .backward_input = 1_ns,
                           .backward_weight = 1_ns,
                           .stash = 2,
                           .weight_stash = 2},
                          4);
  const Schedule schedule = zb_v(request);
  CHECK(schedule.placement == std::vector<int>{0, 1, 1, 0});
  for (std::vector<Op> lane : schedule.lanes) {
    const int first = lane.front().stage;
    const int second = 3 - first;
    std::erase_if(lane, [](const Op& op) { return op.kind == OpKind::backward_weight; });
    std::string order;
    for (const Op& op : lane) order += (order.empty() ? "" : " ") + describe(op);
    CHECK(order ==
          fmt::format("F{0}.0 F{1}.0 I{1}.0 I{0}.0 F{0}.1 F{1}.1 I{1}.1 I{0}.1", first, second));
  }
}

TEST_CASE("any request gives a complete order within its memory, and always the same one") {
  std::mt19937 random(22);
  for (int trial = 0; trial < 40; ++trial) {
    CAPTURE(trial);
    const ScheduleRequest request = test::random_request(random, 2);
    const Schedule schedule = zb_v(request);
    CHECK_NOTHROW(check_schedule(schedule));
    CHECK(schedule.placement == v_placement(request.shape));
    const test::OrderCost order = test::play(schedule, request);
    CHECK(order.complete);
    CHECK(test::keeps_memory(order, request));
    CHECK(order.cost >= least_cost(request));
    if (trial % 10 == 0) CHECK(zb_v(request).lanes == schedule.lanes);
  }
}

TEST_CASE("small pipelines come within a tenth of the best order, and most of them to it") {
  std::mt19937 random(32);
  int best = 0;
  int trials = 0;
  double worst = 0;
  for (const auto& [devices, micro_batches] :
       {std::pair{1, 3}, std::pair{2, 2}, std::pair{3, 2}, std::pair{4, 2}}) {
    for (int trial = 0; trial < 10; ++trial) {
      ScheduleRequest request{
          .shape = {.stages = devices, .micro_batches = micro_batches, .virtual_stages = 2}};
      for (int s = 0; s < 2 * devices; ++s) request.loads.push_back(test::random_load(random));
      for (int s = 1; s < 2 * devices; ++s) request.hops.push_back({test::draw(random, 0, 20)});
      request.hops[static_cast<std::size_t>(devices) - 1] = {};
      for (int d = 0; d < devices; ++d) {
        request.memory.push_back(least_memory(request, d) * test::draw(random, 10, 30) / 10);
      }
      const Time found = test::play(zb_v(request), request).cost;
      const Time least = test::exact_cost(request, found);
      ++trials;
      if (found == least) ++best;
      worst = std::max(worst, seconds(found) / seconds(least) - 1);
    }
  }
  MESSAGE(best, " of ", trials, " cost the least; the others at most ", worst, " more");
  CHECK(worst < 0.1);
  CHECK(best >= trials * 9 / 10);
}

TEST_SUITE_END();

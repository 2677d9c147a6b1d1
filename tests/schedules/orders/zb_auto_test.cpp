#include "schedules/orders/zb_auto.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <random>
#include <utility>

#include "schedules/check/check_schedule.hpp"
#include "schedules/search/schedule_bounds.hpp"
#include "support/experiments.hpp"
#include "support/schedules/exact_cost.hpp"
#include "support/schedules/order_clock.hpp"
#include "support/schedules/zero_bubble.hpp"

using namespace pipesim;

TEST_SUITE_BEGIN("schedules/orders/zb_auto");

TEST_CASE("with the memory of p and of 2p micro-batches its bubble is that of ZB-1p and ZB-2p") {
  // arXiv:2401.10241, table 5, ZB-1p and ZB-2p of each row.
  constexpr double published[][2] = {{0.1585, 0.0433}, {0.1242, 0.0039}, {0.0674, 0.0026},
                                     {0.1397, 0.0066}, {0.1088, 0.0054}, {0.0576, 0.0028}};
  std::size_t index = 0;
  for (const test::PublishedRates& row : test::zero_bubble_rates) {
    const bool small = row.stages == 8;
    ScheduleRequest request = test::published_request(row, small ? 2304 : 5120, small ? 24 : 40, 1);
    for (const int times : {1, 2}) {
      request.memory.assign(static_cast<std::size_t>(row.stages),
                            times * row.stages * request.loads[0].stash);
      const test::OrderCost order = test::play(zb_auto(request), request);
      REQUIRE(order.complete);
      CHECK(test::keeps_memory(order, request));
      const double rate = order.bubble_rate(request);
      const double of_paper = published[index][times - 1];
      MESSAGE("p ", row.stages, ", m ", row.micro_batches, ", ZB-", times, "p: ", rate,
              ", published ", of_paper);
      CHECK(rate < of_paper + 0.0002);
    }
    ++index;
  }
}

TEST_CASE("equal ops and the memory of 2p - 1 micro-batches leave no bubble") {
  // ZB-H2, arXiv:2401.10241, 2.3.
  for (const int devices : {1, 2, 3, 6}) {
    for (const int micro_batches : {2 * devices, 5 * devices}) {
      CAPTURE(devices);
      CAPTURE(micro_batches);
      const ScheduleRequest request =
          test::equal_request({.stages = devices, .micro_batches = micro_batches},
                              {.forward = 1_us,
                               .backward_input = 1_us,
                               .backward_weight = 1_us,
                               .stash = 2,
                               .weight_stash = 1},
                              2 * (2 * devices - 1));
      const test::OrderCost order = test::play(zb_auto(request), request);
      CHECK(test::keeps_memory(order, request));
      CHECK(order.cost == micro_batches * 3_us);
    }
  }
}

TEST_CASE("in the memory of 1f1b the bubble is (p - 1)(f + i - w) at most") {
  // ZB-H1, arXiv:2401.10241, 2.3, for w no longer than f and i.
  std::mt19937 random(11);
  for (int trial = 0; trial < 12; ++trial) {
    const int devices = test::draw(random, 2, 6);
    const StageLoad load{.forward = {test::draw(random, 60, 90)},
                         .backward_input = {test::draw(random, 60, 90)},
                         .backward_weight = {test::draw(random, 10, 60)},
                         .stash = 10,
                         .weight_stash = test::draw(random, 1, 10)};
    const PipelineShape shape{.stages = devices,
                              .micro_batches = test::draw(random, devices, 4 * devices)};
    const ScheduleRequest request = test::equal_request(shape, load, 10 * devices);
    const test::OrderCost order = test::play(zb_auto(request), request);
    CAPTURE(devices);
    CAPTURE(shape.micro_batches);
    CHECK(test::keeps_memory(order, request));
    CHECK(order.cost <=
          shape.micro_batches * work_of(request, 0) +
              (devices - 1) * (load.forward + load.backward_input - load.backward_weight));
  }
}

TEST_CASE("up to p micro-batches take (m + p - 1)(f + i) + w when w is shorter than i") {
  // arXiv:2401.10241, appendix on few micro-batches.
  const StageLoad load{.forward = 5_us, .backward_input = 6_us, .backward_weight = 3_us};
  for (const int devices : {1, 3, 8}) {
    for (const int micro_batches : {1, 2, devices}) {
      if (micro_batches > devices) continue;
      CAPTURE(devices);
      CAPTURE(micro_batches);
      const ScheduleRequest request = test::equal_request(
          {.stages = devices, .micro_batches = micro_batches}, load, bytes_limit);
      CHECK(test::play(zb_auto(request), request).cost ==
            (micro_batches + devices - 1) * 11_us + 3_us);
    }
  }
}

TEST_CASE("one device has no bubble") {
  const ScheduleRequest request = test::equal_request(
      {.stages = 1, .micro_batches = 7},
      {.forward = 1_ns, .backward_input = 2_ns, .backward_weight = 4_ns, .stash = 3}, 3);
  CHECK(test::text_of(zb_auto(request).lanes[0]) ==
        "F0 I0 F1 I1 F2 I2 F3 I3 F4 I4 F5 I5 F6 I6 W0 W1 W2 W3 W4 W5 W6");
  CHECK(test::play(zb_auto(request), request).cost == 7 * 7_ns);
}

TEST_CASE("the memory of one micro-batch leaves one order") {
  const ScheduleRequest request = test::equal_request({.stages = 2, .micro_batches = 2},
                                                      {.forward = 1_ns,
                                                       .backward_input = 1_ns,
                                                       .backward_weight = 1_ns,
                                                       .stash = 2,
                                                       .weight_stash = 2},
                                                      2);
  const Schedule schedule = zb_auto(request);
  CHECK(test::text_of(schedule.lanes[0]) == "F0 I0 W0 F1 I1 W1");
  CHECK(test::text_of(schedule.lanes[1]) == "F0 I0 W0 F1 I1 W1");
}

TEST_CASE("any request gives a complete order within its memory, and always the same one") {
  std::mt19937 random(21);
  for (int trial = 0; trial < 60; ++trial) {
    CAPTURE(trial);
    const ScheduleRequest request = test::random_request(random, 1);
    const Schedule schedule = zb_auto(request);
    CHECK_NOTHROW(check_schedule(schedule));
    CHECK(schedule.placement == one_stage_per_device(request.shape.stages));
    const test::OrderCost order = test::play(schedule, request);
    CHECK(order.complete);
    CHECK(test::keeps_memory(order, request));
    CHECK(order.cost >= least_cost(request));
    if (trial % 10 == 0) CHECK(zb_auto(request).lanes == schedule.lanes);
  }
}

TEST_CASE("small pipelines come within a twentieth of the best order, and most of them to it") {
  std::mt19937 random(31);
  int best = 0;
  int trials = 0;
  double worst = 0;
  for (const bool limited : {false, true}) {
    for (const auto& [devices, micro_batches] :
         {std::pair{2, 3}, std::pair{2, 4}, std::pair{3, 2}, std::pair{3, 3}, std::pair{3, 4}}) {
      for (int trial = 0; trial < 10; ++trial) {
        ScheduleRequest request{.shape = {.stages = devices, .micro_batches = micro_batches}};
        for (int s = 0; s < devices; ++s) request.loads.push_back(test::random_load(random));
        for (int s = 1; s < devices; ++s) request.hops.push_back({test::draw(random, 0, 20)});
        for (int d = 0; d < devices && limited; ++d) {
          request.memory.push_back(least_memory(request, d) * test::draw(random, 10, 30) / 10);
        }
        const Time found = test::play(zb_auto(request), request).cost;
        const Time least = test::exact_cost(request, found);
        ++trials;
        if (found == least) ++best;
        worst = std::max(worst, seconds(found) / seconds(least) - 1);
      }
    }
  }
  MESSAGE(best, " of ", trials, " cost the least; the others at most ", worst, " more");
  CHECK(worst < 0.05);
  CHECK(best >= trials * 9 / 10);
}

TEST_SUITE_END();

#include <doctest/doctest.h>

#include "schedules/deferred_weight_gradient.hpp"
#include "schedules/gpipe.hpp"
#include "schedules/one_f_one_b.hpp"
#include "schedules/recompute.hpp"
#include "support/experiments.hpp"
#include "support/schedules.hpp"

using namespace pipesim;
using test::text_of;

TEST_SUITE_BEGIN("schedules/orders");

TEST_CASE("gpipe runs all forwards, then all backwards in reverse, on every device") {
  const Schedule schedule = gpipe({.stages = 3, .micro_batches = 4});
  REQUIRE(schedule.devices() == 3);
  for (const auto& lane : schedule.lanes) CHECK(text_of(lane) == "F0 F1 F2 F3 B3 B2 B1 B0");
  CHECK(schedule.placement == std::vector<int>{0, 1, 2});
}

TEST_CASE("1f1b runs ahead by the number of stages below, then alternates") {
  const Schedule schedule = one_f_one_b({.stages = 4, .micro_batches = 6});
  REQUIRE(schedule.devices() == 4);
  CHECK(text_of(schedule.lanes[0]) == "F0 F1 F2 F3 B0 F4 B1 F5 B2 B3 B4 B5");
  CHECK(text_of(schedule.lanes[1]) == "F0 F1 F2 B0 F3 B1 F4 B2 F5 B3 B4 B5");
  CHECK(text_of(schedule.lanes[2]) == "F0 F1 B0 F2 B1 F3 B2 F4 B3 F5 B4 B5");
  CHECK(text_of(schedule.lanes[3]) == "F0 B0 F1 B1 F2 B2 F3 B3 F4 B4 F5 B5");
}

TEST_CASE("1f1b with fewer micro-batches than stages runs ahead by all of them") {
  const Schedule schedule = one_f_one_b({.stages = 4, .micro_batches = 2});
  CHECK(text_of(schedule.lanes[0]) == "F0 F1 B0 B1");
  CHECK(text_of(schedule.lanes[1]) == "F0 F1 B0 B1");
  CHECK(text_of(schedule.lanes[2]) == "F0 F1 B0 B1");
  CHECK(text_of(schedule.lanes[3]) == "F0 B0 F1 B1");
}

TEST_CASE("re-computation stands directly before its backward") {
  const Schedule schedule = gpipe({.stages = 1, .micro_batches = 3});
  CHECK(text_of(with_recompute(schedule, Recompute::none, false).lanes[0]) == "F0 F1 F2 B2 B1 B0");
  CHECK(text_of(with_recompute(schedule, Recompute::full, false).lanes[0]) ==
        "F0 F1 F2 R2 B2 R1 B1 R0 B0");
  CHECK(text_of(with_recompute(schedule, Recompute::except_last, true).lanes[0]) ==
        "F0 F1 F2 B2 R1 B1 R0 B0");
}

TEST_CASE("re-computation serves the input's gradient where the backward is split") {
  Schedule split = gpipe({.stages = 1, .micro_batches = 1});
  split.lanes[0] = test::lane("F0.0 I0.0 W0.0");
  CHECK(text_of(with_recompute(split, Recompute::full, false).lanes[0]) == "F0 R0 I0 W0");
}

TEST_CASE("a deferred weight gradient is one W at the end, and only I before it") {
  const Schedule f_then_b = with_deferred_weight_gradient(gpipe({.stages = 2, .micro_batches = 3}));
  for (const auto& lane : f_then_b.lanes) CHECK(text_of(lane) == "F0 F1 F2 I2 I1 I0 W");
  const Schedule alternating =
      with_deferred_weight_gradient(one_f_one_b({.stages = 2, .micro_batches = 3}));
  CHECK(text_of(alternating.lanes[0]) == "F0 F1 I0 F2 I1 I2 W");
  CHECK(text_of(alternating.lanes[1]) == "F0 I0 F1 I1 F2 I2 W");
  CHECK(alternating.lanes[1].back() ==
        Op{.kind = OpKind::backward_weight, .stage = 1, .micro_batch = -1});
}

TEST_CASE("deferring takes the place of every W, and a device's stages end in their order") {
  const Schedule folded{
      .name = "folded",
      .micro_batches = 1,
      .placement = {0, 1, 1, 0},
      .lanes = {test::lane("F0.0 F3.0 I3.0 W3.0 I0.0 W0.0"), test::lane("F1.0 F2.0 B2.0 B1.0")}};
  const Schedule deferred = with_deferred_weight_gradient(folded);
  CHECK(deferred.lanes[0] == test::lane("F0.0 F3.0 I3.0 I0.0 W0.-1 W3.-1"));
  CHECK(deferred.lanes[1] == test::lane("F1.0 F2.0 I2.0 I1.0 W1.-1 W2.-1"));
}

TEST_CASE("an op is named by kind, stage and micro-batch, or without one by kind and stage") {
  CHECK(describe({.kind = OpKind::forward, .stage = 1, .micro_batch = 3}) == "F1.3");
  CHECK(describe({.kind = OpKind::backward_weight, .stage = 0, .micro_batch = -1}) == "W0");
  CHECK(label({.kind = OpKind::forward, .stage = 1, .micro_batch = 3}) == "F3");
  CHECK(label({.kind = OpKind::backward_weight, .stage = 0, .micro_batch = -1}) == "W");
}

TEST_CASE("every schedule of the catalog is found by its name") {
  for (const KnownSchedule& known : known_schedules()) {
    CAPTURE(known.name);
    CHECK(find_schedule(known.name) == &known);
    const auto schedule = test::made(known, {.stages = 2, .micro_batches = 4});
    REQUIRE(schedule);
    CHECK(schedule->name == known.name);
  }
  CHECK(find_schedule("pipedream") == nullptr);
}

TEST_SUITE_END();

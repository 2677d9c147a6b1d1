#include "schedules/check/runs_through.hpp"

#include <doctest/doctest.h>

#include "schedules/orders/gpipe.hpp"
#include "schedules/orders/one_f_one_b.hpp"
#include "support/experiments.hpp"

using namespace pipesim;
using test::lane;

namespace {

Schedule two_devices(std::vector<Op> first, std::vector<Op> second) {
  return {.name = "test",
          .micro_batches = 2,
          .placement = {0, 1},
          .lanes = {std::move(first), std::move(second)}};
}

}  // namespace

TEST_SUITE_BEGIN("schedules/check/runs_through");

TEST_CASE("gpipe and 1f1b run through") {
  for (const int stages : {1, 2, 5}) {
    for (const int micro_batches : {1, 3, 9}) {
      CHECK(runs_through(gpipe({.stages = stages, .micro_batches = micro_batches})));
      CHECK(runs_through(one_f_one_b({.stages = stages, .micro_batches = micro_batches})));
    }
  }
}

TEST_CASE("two devices that wait for each other do not run through") {
  CHECK(!runs_through(two_devices(lane("F0.0 B0.0 F0.1 B0.1"), lane("F1.1 B1.1 F1.0 B1.0"))));
  CHECK(runs_through(two_devices(lane("F0.0 B0.0 F0.1 B0.1"), lane("F1.0 B1.0 F1.1 B1.1"))));
}

TEST_CASE("the second half of a backward waits for nothing but its device") {
  CHECK(runs_through(
      two_devices(lane("F0.0 F0.1 I0.0 W0.0 I0.1 W0.1"), lane("F1.0 I1.0 F1.1 I1.1 W1.1 W1.0"))));
  CHECK(runs_through(
      two_devices(lane("F0.0 F0.1 I0.0 I0.1 W0.-1"), lane("F1.0 I1.0 F1.1 I1.1 W1.-1"))));
}

TEST_CASE("an overlapped pair starts when both of its ops can") {
  std::vector<Op> pair = lane("F0.0 F0.1 B0.0 B0.1");
  pair[1].with_next = true;
  CHECK(runs_through(two_devices(pair, lane("F1.0 B1.0 F1.1 B1.1"))));
  CHECK(!runs_through(two_devices(pair, lane("F1.0 F1.1 B1.0 B1.1"))));
  pair[1].with_next = false;
  CHECK(runs_through(two_devices(pair, lane("F1.0 F1.1 B1.0 B1.1"))));
}

TEST_CASE("a re-computation holds its device up only if it waits for the gradient") {
  Schedule schedule = two_devices(lane("F0.0 R0.0 F0.1 B0.0 B0.1"), lane("F1.0 F1.1 B1.0 B1.1"));
  CHECK(runs_through(schedule));
  schedule.lazy_recompute = true;
  CHECK(!runs_through(schedule));
}

TEST_CASE("in a bidirectional schedule a micro-batch is handed on along its own copies") {
  Schedule both{.name = "both ways",
                .micro_batches = 2,
                .placement = {0, 1},
                .second_placement = {1, 0},
                .lanes = {lane("F0.0 F1.1 B1.1 B0.0"), lane("F0.1 F1.0 B1.0 B0.1")}};
  for (auto& ops : both.lanes) {
    for (Op& op : ops) op.copy = op.micro_batch == 1 ? 1 : 0;
  }
  CHECK(runs_through(both));
  std::swap(both.lanes[1][0], both.lanes[1][1]);
  std::swap(both.lanes[0][0], both.lanes[0][1]);
  CHECK(!runs_through(both));
}

TEST_SUITE_END();

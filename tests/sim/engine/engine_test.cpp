#include "sim/engine/engine.hpp"

#include <doctest/doctest.h>

#include <random>

#include "schedules/core/deferred_weight_gradient.hpp"
#include "schedules/core/recompute.hpp"
#include "schedules/orders/gpipe.hpp"
#include "schedules/orders/one_f_one_b.hpp"
#include "support/experiments.hpp"
#include "support/schedules/op_graph.hpp"
#include "support/schedules/schedules.hpp"

using namespace pipesim;
using test::equal_costs;
using test::lane;

namespace {

Outcome simulate_all(const Schedule& schedule, const StepCosts& costs) {
  return Engine(schedule).run(costs, {}, true);
}

std::vector<Time> starts(const Outcome& outcome, std::size_t device) {
  std::vector<Time> times;
  for (const Interval& interval : outcome.timeline.lanes[device]) times.push_back(interval.start);
  return times;
}

// Stages and hops of random times, some of them 0.
StepCosts random_costs(int stages, std::mt19937& random) {
  const auto time = [&](std::int64_t most) {
    return Time{std::uniform_int_distribution<std::int64_t>(0, most)(random)};
  };
  StepCosts costs;
  for (int s = 0; s < stages; ++s) {
    costs.stages.push_back({.forward = time(50),
                            .backward = time(90),
                            .backward_input = time(60),
                            .backward_weight = time(400),
                            .recompute = time(50)});
  }
  for (int s = 0; s + 1 < stages; ++s) costs.hops.push_back({.latency = time(20)});
  return costs;
}

}  // namespace

TEST_SUITE_BEGIN("sim/engine/engine");

TEST_CASE("step time is (m + p - 1)(f + b) when transfers are free") {
  for (const KnownSchedule& known : test::flush_schedules()) {
    for (const int stages : {1, 2, 4, 8}) {
      for (const int micro_batches : {1, 3, 8, 32}) {
        CAPTURE(known.name);
        CAPTURE(stages);
        CAPTURE(micro_batches);
        const Schedule schedule =
            known.generate({.stages = stages, .micro_batches = micro_batches});
        Engine engine(schedule);
        CHECK(engine.makespan(equal_costs(stages)) == (micro_batches + stages - 1) * 3_ns);
      }
    }
  }
}

TEST_CASE("eager re-computation takes (m + p - 1)(f + b) + m r, lazy (m + p - 1)(f + b + r)") {
  std::mt19937 random(1);
  std::uniform_int_distribution<std::int64_t> any(1, 1000);
  for (const KnownSchedule& known : test::flush_schedules()) {
    for (int trial = 0; trial < 200; ++trial) {
      const int k = std::uniform_int_distribution<int>(1, 9)(random);
      const int m = std::uniform_int_distribution<int>(1, 20)(random);
      const StageCost cost{
          .forward = {any(random)}, .backward = {any(random)}, .recompute = {any(random)}};
      StepCosts costs = equal_costs(k, cost);
      costs.recompute = Recompute::full;
      const Schedule plain = known.generate({.stages = k, .micro_batches = m});
      const Time pass = cost.forward + cost.backward;
      CAPTURE(known.name);
      CAPTURE(k);
      CAPTURE(m);
      const Schedule eager = with_recompute(plain, Recompute::full, false);
      CHECK(Engine(eager).makespan(costs) == (m + k - 1) * pass + m * cost.recompute);
      const Schedule lazy = with_recompute(plain, Recompute::full, true);
      CHECK(Engine(lazy).makespan(costs) == (m + k - 1) * (pass + cost.recompute));
    }
  }
}

TEST_CASE("the pipeline's time is the longest path through its ops") {
  std::mt19937 random(2);
  for (const KnownSchedule& known : test::flush_schedules()) {
    for (int trial = 0; trial < 300; ++trial) {
      const int k = std::uniform_int_distribution<int>(1, 6)(random);
      const int m = std::uniform_int_distribution<int>(1, 9)(random);
      const auto recompute = static_cast<Recompute>(trial % 3);
      Schedule schedule = with_recompute(known.generate({.stages = k, .micro_batches = m}),
                                         recompute, trial % 2 == 0);
      if (recompute == Recompute::none && trial % 2 == 0) {
        schedule = with_deferred_weight_gradient(std::move(schedule));
      }
      StepCosts costs = random_costs(k, random);
      costs.recompute = recompute;
      CAPTURE(known.name);
      CAPTURE(k);
      CAPTURE(m);
      CHECK(Engine(schedule).makespan(costs) == test::longest_path(schedule, costs));
    }
  }
}

TEST_CASE("several stages on one device hand over in no time") {
  const Schedule folded{.name = "folded",
                        .micro_batches = 2,
                        .placement = {0, 1, 1, 0},
                        .lanes = {lane("F0.0 F0.1 F3.0 B3.0 F3.1 B3.1 B0.0 B0.1"),
                                  lane("F1.0 F2.0 F1.1 F2.1 B2.0 B1.0 B2.1 B1.1")}};
  StepCosts costs = equal_costs(4);
  for (TransferCost& hop : costs.hops) hop.latency = 5_ns;
  const Outcome outcome = simulate_all(folded, costs);
  CHECK(starts(outcome, 1)[1] == starts(outcome, 1)[0] + 1_ns);
  CHECK(outcome.pipeline_time == test::longest_path(folded, costs));
}

TEST_CASE("a split backward sends its gradient after I, and W only takes its device") {
  const Schedule split{.name = "split",
                       .micro_batches = 1,
                       .placement = {0, 1},
                       .lanes = {lane("F0.0 I0.0 W0.0"), lane("F1.0 I1.0 W1.0")}};
  const StepCosts costs =
      equal_costs(2, {.forward = 1_ns, .backward_input = 2_ns, .backward_weight = 4_ns});
  const Outcome outcome = simulate_all(split, costs);
  CHECK(starts(outcome, 0) == std::vector<Time>{0_ns, 4_ns, 6_ns});
  CHECK(starts(outcome, 1) == std::vector<Time>{1_ns, 2_ns, 4_ns});
  CHECK(outcome.pipeline_time == 10_ns);
}

TEST_CASE("a deferred W runs once a stage, when the stage has run its last I") {
  const Schedule schedule =
      with_deferred_weight_gradient(one_f_one_b({.stages = 2, .micro_batches = 2}));
  const StepCosts costs =
      equal_costs(2, {.forward = 1_ns, .backward_input = 2_ns, .backward_weight = 7_ns});
  const Outcome outcome = simulate_all(schedule, costs);
  CHECK(test::text_of(schedule.lanes[0]) == "F0 F1 I0 I1 W");
  CHECK(starts(outcome, 0) == std::vector<Time>{0_ns, 1_ns, 4_ns, 7_ns, 9_ns});
  CHECK(starts(outcome, 1) == std::vector<Time>{1_ns, 2_ns, 4_ns, 5_ns, 7_ns});
  CHECK(outcome.pipeline_time == 16_ns);
  CHECK(outcome.devices[0].peak_in_flight == 2);
  CHECK(outcome.devices[1].peak_in_flight == 1);
}

TEST_CASE("messages queue for their link, first come first served, and computing goes on") {
  const Schedule schedule = gpipe({.stages = 2, .micro_batches = 3});
  StepCosts costs = equal_costs(2, {.forward = 1_ns, .backward = 1_ns});
  costs.hops = {{.occupancy = 4_ns, .latency = 10_ns}};
  const Outcome outcome = simulate_all(schedule, costs);
  CHECK(starts(outcome, 0)[2] == 2_ns);  // F2 does not wait for the link.
  // F0 ends at 1, so its message holds the link until 5 and arrives at 15; the next follow every 4.
  CHECK(starts(outcome, 1)[0] == 15_ns);
  CHECK(starts(outcome, 1)[1] == 19_ns);
  CHECK(starts(outcome, 1)[2] == 23_ns);

  std::vector<Interval> transfers;
  for_each_transfer(schedule, costs, outcome.timeline,
                    [&](const Transfer& transfer) { transfers.push_back(transfer.when); });
  REQUIRE(transfers.size() == 6);
  CHECK(transfers[0].start == 1_ns);
  CHECK(transfers[1].start == 5_ns);
  CHECK(transfers[1].finish == 19_ns);
}

TEST_CASE("the two directions of a link do not disturb each other") {
  const Schedule schedule = one_f_one_b({.stages = 2, .micro_batches = 4});
  StepCosts costs = equal_costs(2, {.forward = 3_ns, .backward = 3_ns});
  costs.hops = {{.occupancy = 3_ns}};
  // No message ever meets another of its direction, so that occupancy is no more than latency.
  CHECK(Engine(schedule).makespan(costs) == test::longest_path(schedule, costs));
}

TEST_CASE("in steady state the slowest stage sets the pace") {
  for (const KnownSchedule& known : test::flush_schedules()) {
    const auto time_for = [&](int micro_batches) {
      const Schedule schedule = known.generate({.stages = 4, .micro_batches = micro_batches});
      StepCosts costs = equal_costs(4);
      costs.stages[2] = {.forward = 2_ns, .backward = 4_ns};
      return Engine(schedule).makespan(costs);
    };
    CHECK(time_for(41) - time_for(40) == 6_ns);
  }
}

TEST_CASE("two devices that wait for each other are reported as the cycle they form") {
  const Schedule crossed{.name = "crossed",
                         .micro_batches = 2,
                         .placement = {0, 1},
                         .lanes = {lane("F0.0 B0.0 F0.1 B0.1"), lane("F1.1 B1.1 F1.0 B1.0")}};
  const Outcome outcome = simulate_all(crossed, equal_costs(2));
  REQUIRE(outcome.deadlock);
  CHECK(describe(*outcome.deadlock) ==
        "deadlock after 1 ns: B0.0 on device 0 waits for B1.0 on device 1, "
        "which stands behind F1.1, which waits for F0.1 on device 0, which stands behind B0.0");
}

TEST_CASE("a deadlock names only the devices of its cycle") {
  const Schedule stuck{.name = "stuck",
                       .micro_batches = 2,
                       .placement = {0, 1, 2},
                       .lanes = {lane("F0.0 F0.1 B0.0 B0.1"), lane("F1.0 B1.0 F1.1 B1.1"),
                                 lane("F2.1 B2.1 F2.0 B2.0")}};
  const Outcome outcome = simulate_all(stuck, equal_costs(3));
  REQUIRE(outcome.deadlock);
  CHECK(describe(*outcome.deadlock) ==
        "deadlock after 2 ns: B1.0 on device 1 waits for B2.0 on device 2, "
        "which stands behind F2.1, which waits for F1.1 on device 1, which stands behind B1.0");
}

TEST_CASE("peak in flight is m for gpipe and min(k - s, m) for 1f1b on stage s") {
  for (const int k : {1, 2, 5, 8}) {
    for (const int m : {1, 4, 7, 20}) {
      const Outcome f_then_b =
          simulate_all(gpipe({.stages = k, .micro_batches = m}), equal_costs(k));
      const Outcome alternating =
          simulate_all(one_f_one_b({.stages = k, .micro_batches = m}), equal_costs(k));
      for (int s = 0; s < k; ++s) {
        CAPTURE(k);
        CAPTURE(m);
        CAPTURE(s);
        CHECK(f_then_b.devices[static_cast<std::size_t>(s)].peak_in_flight == m);
        CHECK(alternating.devices[static_cast<std::size_t>(s)].peak_in_flight ==
              std::min(k - s, m));
      }
    }
  }
}

TEST_CASE("recording a timeline changes nothing else") {
  std::mt19937 random(3);
  const Schedule schedule = one_f_one_b({.stages = 5, .micro_batches = 9});
  const StepCosts costs = random_costs(5, random);
  Engine engine(schedule);
  const Outcome with = engine.run(costs, {}, true);
  const Outcome without = engine.run(costs, {}, false);
  CHECK(with.pipeline_time == without.pipeline_time);
  CHECK(with.pipeline_time == engine.makespan(costs));
  for (std::size_t device = 0; device < 5; ++device) {
    CHECK(with.devices[device].busy() == without.devices[device].busy());
    CHECK(with.devices[device].finish == without.devices[device].finish);
  }
}

TEST_SUITE_END();

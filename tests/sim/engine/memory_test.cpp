#include <doctest/doctest.h>

#include <random>

#include "schedules/core/deferred_weight_gradient.hpp"
#include "schedules/core/recompute.hpp"
#include "sim/engine/engine.hpp"
#include "sim/engine/memory_trace.hpp"
#include "support/experiments.hpp"
#include "support/schedules/peak_bytes.hpp"
#include "support/schedules/schedules.hpp"

using namespace pipesim;

namespace {

struct Case {
  Schedule schedule{};
  StepCosts costs{};
};

// Stages of random sizes, with a schedule of random shape.
Case random_case(const KnownSchedule& known, Recompute recompute, std::mt19937& random) {
  const auto bytes = [&](Bytes most) {
    return std::uniform_int_distribution<Bytes>(0, most)(random);
  };
  const int k = std::uniform_int_distribution<int>(1, 7)(random);
  const int m = std::uniform_int_distribution<int>(1, 12)(random);
  Case result{.schedule = with_recompute(known.generate({.stages = k, .micro_batches = m}),
                                         recompute, false),
              .costs = test::equal_costs(k)};
  result.costs.recompute = recompute;
  for (StageCost& stage : result.costs.stages) {
    stage.boundary = bytes(100);
    stage.stash = stage.boundary + bytes(400);
    stage.workspace = bytes(50);
    stage.weights = bytes(1000);
    stage.gradients = bytes(1000);
    stage.gathered_layer = bytes(300);
    stage.unreduced_gradient = bytes(300);
  }
  for (std::size_t s = 0; s + 1 < result.costs.stages.size(); ++s) {
    result.costs.stages[s].output = result.costs.stages[s + 1].boundary;
  }
  return result;
}

// The same with a deferred weight gradient, for which I keeps as much as F did, or more.
Case random_deferred_case(const KnownSchedule& known, std::mt19937& random) {
  Case result = random_case(known, Recompute::none, random);
  const auto bytes = [&](Bytes most) {
    return std::uniform_int_distribution<Bytes>(0, most)(random);
  };
  result.schedule = with_deferred_weight_gradient(std::move(result.schedule));
  for (StageCost& stage : result.costs.stages) {
    stage.weight_stash = stage.stash + (bytes(3) == 0 ? 0 : bytes(200));
    stage.gradients = 0;
    stage.deferred_micro_batches = result.schedule.micro_batches;
    stage.update_workspace = bytes(400);
  }
  return result;
}

void check_against_trace(const Case& item) {
  const Outcome outcome = Engine(item.schedule).run(item.costs, {}, true);
  for (int device = 0; device < item.schedule.devices(); ++device) {
    Bytes peak = 0;
    Time at;
    Bytes last = 0;
    for (DeviceMemory memory(item.schedule, item.costs, outcome.timeline, device); !memory.done();
         memory.advance()) {
      last = memory.current().device_total;
      if (last > peak) at = memory.current().at;
      peak = std::max(peak, last);
    }
    const DeviceUse& use = outcome.devices[static_cast<std::size_t>(device)];
    CHECK(use.peak == peak);
    CHECK(use.peak_at == at);
    CHECK(use.static_bytes == last);  // It ends as it began.
  }
}

void check_against_estimate(const Case& item, Recompute recompute) {
  const Outcome outcome = Engine(item.schedule).run(item.costs, {}, false);
  const std::vector<test::InFlight> in_flight = test::in_flight_of(item.schedule, recompute);
  for (std::size_t s = 0; s < item.costs.stages.size(); ++s) {
    CAPTURE(s);
    CHECK(test::peak_bytes(item.costs.stages[s], in_flight[s], s == 0) == outcome.devices[s].peak);
  }
}

Bytes peak_of_tag(const Case& item, const Outcome& outcome, int device, MemoryTag tag) {
  Bytes peak = 0;
  for (DeviceMemory memory(item.schedule, item.costs, outcome.timeline, device); !memory.done();
       memory.advance()) {
    if (memory.current().tag == tag) peak = std::max(peak, memory.current().tag_total);
  }
  return peak;
}

}  // namespace

TEST_SUITE_BEGIN("sim/memory");

TEST_CASE("what a receive brings is held until the op that needs it") {
  // Device 1 receives both micro-batches, 10 bytes each, before it starts the first.
  Schedule schedule{
      .name = "early",
      .micro_batches = 2,
      .placement = {0, 1},
      .lanes = {test::lane("F0.0 SEND_F0.0 F0.1 SEND_F0.1 RECV_B0.0 B0.0 RECV_B0.1 B0.1"),
                test::lane("RECV_F1.0 RECV_F1.1 F1.0 B1.0 SEND_B1.0 F1.1 B1.1 SEND_B1.1")},
      .communication = Communication::blocking};
  StepCosts costs =
      test::equal_costs(2, {.forward = 1_ns, .backward = 2_ns, .stash = 100, .boundary = 10});
  costs.stages[0].output = 10;
  const Outcome early = Engine(schedule).run(costs, {}, true);
  std::vector<Bytes> totals;
  for (DeviceMemory memory(schedule, costs, early.timeline, 1); !memory.done(); memory.advance()) {
    if (memory.current().tag == MemoryTag::stash) totals.push_back(memory.current().tag_total);
  }
  CHECK(totals == std::vector<Bytes>{10, 20, 110, 10, 100, 0});
}

TEST_CASE("the stash's peak is i stash, or with re-computation i boundary + (stash - boundary)") {
  std::mt19937 random(4);
  for (const KnownSchedule& known : test::flush_schedules()) {
    for (int trial = 0; trial < 300; ++trial) {
      const Recompute recompute = trial % 2 == 0 ? Recompute::none : Recompute::full;
      const Case item = random_case(known, recompute, random);
      const Outcome outcome = Engine(item.schedule).run(item.costs, {}, true);
      const int k = item.schedule.stages();
      const int m = item.schedule.micro_batches;
      for (int s = 0; s < k; ++s) {
        const StageCost& stage = item.costs.stages[static_cast<std::size_t>(s)];
        const Bytes in_flight = known.name == "gpipe" ? m : std::min(k - s, m);
        const Bytes expected = recompute == Recompute::none
                                   ? in_flight * stage.stash
                                   : in_flight * stage.boundary + (stage.stash - stage.boundary);
        CAPTURE(known.name);
        CAPTURE(k);
        CAPTURE(m);
        CAPTURE(s);
        CHECK(peak_of_tag(item, outcome, s, MemoryTag::stash) == expected);
      }
    }
  }
}

TEST_CASE("the engine's peak is the trace's largest total, and its time the first to reach it") {
  std::mt19937 random(5);
  for (const KnownSchedule& known : test::flush_schedules()) {
    for (const auto recompute : {Recompute::none, Recompute::full, Recompute::except_last}) {
      for (int trial = 0; trial < 50; ++trial) {
        check_against_trace(random_case(known, recompute, random));
      }
    }
    for (int trial = 0; trial < 50; ++trial) {
      check_against_trace(random_deferred_case(known, random));
    }
  }
}

TEST_CASE("the memory partition's estimate of a stage is what the engine finds") {
  std::mt19937 random(6);
  for (const KnownSchedule& known : test::flush_schedules()) {
    for (const auto recompute : {Recompute::none, Recompute::full, Recompute::except_last}) {
      for (int trial = 0; trial < 100; ++trial) {
        CAPTURE(known.name);
        CAPTURE(name_of(recompute));
        check_against_estimate(random_case(known, recompute, random), recompute);
      }
    }
    for (int trial = 0; trial < 300; ++trial) {
      CAPTURE(known.name);
      check_against_estimate(random_deferred_case(known, random), Recompute::none);
    }
  }
}

TEST_CASE("with a deferred weight gradient every micro-batch's stash waits for W") {
  std::mt19937 random(10);
  for (const KnownSchedule& known : test::flush_schedules()) {
    for (int trial = 0; trial < 100; ++trial) {
      const Case item = random_deferred_case(known, random);
      const Outcome outcome = Engine(item.schedule).run(item.costs, {}, true);
      for (int s = 0; s < item.schedule.stages(); ++s) {
        const StageCost& stage = item.costs.stages[static_cast<std::size_t>(s)];
        CHECK(peak_of_tag(item, outcome, s, MemoryTag::stash) ==
              item.schedule.micro_batches * stage.weight_stash);
      }
    }
  }
}

TEST_CASE("events of all devices come in order of time, and totals add up") {
  std::mt19937 random(7);
  const Case item = random_case(*find_schedule("1f1b"), Recompute::full, random);
  const Outcome outcome = Engine(item.schedule).run(item.costs, {}, true);
  std::vector<Bytes> totals(item.costs.stages.size());
  Time last;
  for_each_memory_event(item.schedule, item.costs, outcome.timeline, [&](const MemoryEvent& event) {
    CHECK(last <= event.at);
    last = event.at;
    Bytes& total = totals[static_cast<std::size_t>(event.device)];
    total += event.delta;
    CHECK(event.device_total == total);
  });
  for (std::size_t s = 0; s < totals.size(); ++s) {
    CHECK(totals[s] == item.costs.stages[s].static_bytes());
  }
}

TEST_CASE("I gives back all but what W needs, and W the rest") {
  const StageCost cost{.stash = 100, .weight_stash = 30, .boundary = 20};
  const StagePlace only{.is_first = true, .is_last = true, .keeps_insides = true};
  const auto released = [&](OpKind kind) {
    Bytes total = 0;
    const OpMemory memory = op_memory(kind, cost, only);
    for (const MemoryUse& use : memory.all()) {
      if (use.tag == MemoryTag::stash) total += use.at_finish;
    }
    return total;
  };
  CHECK(released(OpKind::backward_input) == 70);
  CHECK(released(OpKind::backward_weight) == 30);
  CHECK(released(OpKind::backward) == 100);
}

TEST_CASE("I allocates the gradients that it leaves for W last, and needs no other room for them") {
  const StageCost cost{.stash = 100,
                       .weight_stash = 130,
                       .boundary = 20,
                       .output = 10,
                       .workspace = 40,
                       .deferred_micro_batches = 3,
                       .update_workspace = 50};
  struct Use {
    MemoryTag tag;
    Bytes at_start;
    Bytes at_finish;
    bool operator==(const Use&) const = default;
  };
  const auto uses = [&](OpKind kind) {
    const OpMemory memory = op_memory(kind, cost, {.keeps_insides = true});
    std::vector<Use> list;
    for (const MemoryUse& use : memory.all()) {
      list.push_back({use.tag, use.at_start, use.at_finish});
    }
    return list;
  };
  CHECK(uses(OpKind::backward_input) == std::vector<Use>{{MemoryTag::activation_gradient, 10, 10},
                                                         {MemoryTag::activation_gradient, 20, 20},
                                                         {MemoryTag::stash, 30, 0}});
  CHECK(uses(OpKind::backward_weight) ==
        std::vector<Use>{{MemoryTag::workspace, 50, 50}, {MemoryTag::stash, 0, 3 * 130}});
  CHECK(uses(OpKind::backward) == std::vector<Use>{{MemoryTag::activation_gradient, 10, 10},
                                                   {MemoryTag::activation_gradient, 20, 20},
                                                   {MemoryTag::workspace, 40, 40},
                                                   {MemoryTag::stash, 0, 100}});
}

TEST_CASE("the first op that needs more than the device has is the verdict") {
  const Schedule schedule = find_schedule("gpipe")->generate({.stages = 1, .micro_batches = 3});
  const StepCosts costs =
      test::equal_costs(1, {.forward = 1_ns, .backward = 2_ns, .weights = 10, .stash = 100});
  const std::vector<std::optional<Bytes>> capacity{250};
  const Outcome outcome = Engine(schedule).run(costs, capacity, false);
  REQUIRE(outcome.devices[0].overflow);
  CHECK(outcome.devices[0].overflow->op == Op{.kind = OpKind::forward, .micro_batch = 2});
  CHECK(outcome.devices[0].overflow->at == 2_ns);
  CHECK(outcome.devices[0].overflow->needed == 310);
  const std::vector<std::optional<Bytes>> enough{310};
  CHECK(!Engine(schedule).run(costs, enough, false).devices[0].overflow);
}

TEST_SUITE_END();

// What every schedule of the catalog has to hold, whatever it is.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <random>

#include "schedules/check/check_schedule.hpp"
#include "schedules/check/lowering.hpp"
#include "schedules/core/recompute.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/engine/engine.hpp"
#include "sim/engine/memory_trace.hpp"
#include "sim/execute/execute.hpp"
#include "support/experiments.hpp"
#include "support/models/networks.hpp"
#include "support/schedules/op_graph.hpp"
#include "support/schedules/schedules.hpp"

using namespace pipesim;

namespace {

struct Made {
  std::string label{};
  const KnownSchedule& known;
  Schedule schedule{};
};

// Each schedule in each shape of a grid that it takes.
std::vector<Made> all_made() {
  std::vector<Made> all;
  for (const KnownSchedule& known : known_schedules()) {
    for (const int stages : {1, 2, 3, 4, 6}) {
      for (const int micro_batches : {1, 2, 4, 7, 12, 16}) {
        for (const int virtual_stages : {1, 3}) {
          if (virtual_stages > 1 && !known.any_virtual_stages) continue;
          const PipelineShape shape{
              .stages = stages, .micro_batches = micro_batches, .virtual_stages = virtual_stages};
          if (auto schedule = test::made(known, shape)) {
            all.push_back({.label = fmt::format("{} {}x{} over {}", known.name, stages,
                                                virtual_stages, micro_batches),
                           .known = known,
                           .schedule = *std::move(schedule)});
          }
        }
      }
    }
  }
  return all;
}

StepCosts random_costs(int stages, std::mt19937& random) {
  const auto any = [&](std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(1, most)(random);
  };
  StepCosts costs = test::equal_costs(stages);
  for (StageCost& stage : costs.stages) {
    stage = {.forward = {any(90)},
             .backward = {any(150)},
             .backward_input = {any(90)},
             .backward_weight = {any(90)},
             .recompute = {any(90)},
             .weights = any(1000),
             .weight_stash = any(50),
             .boundary = any(50),
             .output = any(50)};
    stage.stash = stage.boundary + any(400);
    stage.overlapped = stage.forward + Time{any(200)};
  }
  for (TransferCost& hop : costs.hops) hop.latency = {any(40)};
  return costs;
}

struct When {
  Interval interval{};
  Time handed_on{};  // At a pair's end.
};

std::map<Op, When> times_of(const Schedule& schedule, const Timeline& timeline) {
  std::map<Op, When> times;
  for (std::size_t d = 0; d < schedule.lanes.size(); ++d) {
    const std::vector<Op>& lane = schedule.lanes[d];
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      const Interval when = timeline.lanes[d][slot];
      const std::size_t last = lane[slot].with_next ? slot + 1 : slot;
      Op op = lane[slot];
      op.with_next = false;
      times[op] = {.interval = when, .handed_on = timeline.lanes[d][last].finish};
    }
  }
  return times;
}

// Whether every op finds what it needs when it starts, and every device does one thing at a time.
void check_dependencies(const Schedule& schedule, const StepCosts& costs, const Outcome& outcome) {
  const std::map<Op, When> times = times_of(schedule, outcome.timeline);
  const auto ready = [&](Op op, std::initializer_list<OpKind> kinds, int stage) {
    const int from = schedule.device_of(stage, op.copy);
    const bool apart = from != schedule.device_of(op.stage, op.copy);
    const auto hop = static_cast<std::size_t>(std::min(stage, op.stage));
    op.stage = stage;
    for (const OpKind kind : kinds) {
      op.kind = kind;
      const auto found = times.find(op);
      if (found == times.end()) continue;
      return found->second.handed_on + (apart ? costs.hops[hop].total() : Time{});
    }
    return Time::limit();
  };
  for (const auto& [op, when] : times) {
    const Time start = when.interval.start;
    if (op.kind == OpKind::forward && op.stage > 0) {
      REQUIRE(start >= ready(op, {OpKind::forward}, op.stage - 1));
    }
    if (sends_gradient(op.kind)) {
      REQUIRE(start >= ready(op, {OpKind::forward}, op.stage));
      if (op.stage + 1 < schedule.stages()) {
        REQUIRE(start >= ready(op, {OpKind::backward, OpKind::backward_input}, op.stage + 1));
      }
    }
    if (op.kind == OpKind::backward_weight) {
      REQUIRE(start >= ready(op, {OpKind::backward_input}, op.stage));
    }
  }
  for (std::size_t d = 0; d < schedule.lanes.size(); ++d) {
    Time free;
    for (const Interval& when : outcome.timeline.lanes[d]) {
      REQUIRE(when.start >= free);
      REQUIRE(when.finish >= when.start);
      free = when.finish;
    }
  }
}

void check_memory(const Schedule& schedule, const StepCosts& costs, const Outcome& outcome) {
  for (int device = 0; device < schedule.devices(); ++device) {
    const DeviceUse& use = outcome.devices[static_cast<std::size_t>(device)];
    Bytes last = 0;
    Bytes peak = 0;
    for (DeviceMemory memory(schedule, costs, outcome.timeline, device); !memory.done();
         memory.advance()) {
      last = memory.current().device_total;
      peak = std::max(peak, last);
      REQUIRE(last >= 0);
    }
    CHECK(use.static_bytes == last);
    CHECK(use.peak == peak);
  }
}

EqualStages equal_stages(const PipelineShape& shape, const StageCost& cost) {
  return {.shape = shape,
          .forward = cost.forward,
          .backward = cost.backward,
          .backward_input = cost.backward_input,
          .backward_weight = cost.backward_weight,
          .overlapped = cost.overlapped};
}

}  // namespace

TEST_SUITE_BEGIN("sim/catalog");

TEST_CASE("every schedule is complete, in order, and the same when made again") {
  std::map<std::string_view, int> shapes;
  for (const Made& made : all_made()) {
    CAPTURE(made.label);
    ++shapes[made.known.name];
    CHECK_NOTHROW(check_schedule(made.schedule));
    const PipelineShape shape{.stages = made.schedule.devices(),
                              .micro_batches = made.schedule.micro_batches,
                              .virtual_stages = made.schedule.stages() / made.schedule.devices()};
    const auto again = test::made(made.known, shape);
    REQUIRE(again);
    CHECK(again->lanes == made.schedule.lanes);
  }
  for (const KnownSchedule& known : known_schedules()) {
    CAPTURE(known.name);
    CHECK(shapes[known.name] >= 4);
  }
}

TEST_CASE("every schedule's ops find their inputs, its time is the longest path, memory returns") {
  std::mt19937 random(7);
  for (const Made& made : all_made()) {
    CAPTURE(made.label);
    const StepCosts costs = random_costs(made.schedule.stages(), random);
    const Outcome outcome = Engine(made.schedule).run(costs, {}, true);
    REQUIRE(!outcome.deadlock);
    check_dependencies(made.schedule, costs, outcome);
    check_memory(made.schedule, costs, outcome);
    CHECK(outcome.pipeline_time == test::longest_path(made.schedule, costs));
    for (const DeviceUse& use : outcome.devices) CHECK(outcome.pipeline_time >= use.busy());
  }
}

TEST_CASE("every schedule runs with re-computation, and with sends and receives in its lanes") {
  std::mt19937 random(8);
  for (const Made& made : all_made()) {
    CAPTURE(made.label);
    StepCosts costs = random_costs(made.schedule.stages(), random);
    costs.recompute = Recompute::full;
    const Schedule again = with_recompute(made.schedule, Recompute::full, random() % 2 == 0);
    CHECK_NOTHROW(check_schedule(again));
    const Outcome overlapped = Engine(again).run(costs, {}, true);
    REQUIRE(!overlapped.deadlock);
    check_memory(again, costs, overlapped);

    Schedule blocking = receives_before_use(again);
    blocking.communication = Communication::blocking;
    CHECK_NOTHROW(check_schedule(blocking));
    CHECK(Engine(blocking).makespan(costs) == overlapped.pipeline_time);

    std::optional<Schedule> rendezvous = add_sends_and_receives(again);
    REQUIRE(rendezvous);
    rendezvous->communication = Communication::rendezvous;
    CHECK_NOTHROW(check_schedule(*rendezvous));
    const Outcome met = Engine(*rendezvous).run(costs, {}, true);
    REQUIRE(!met.deadlock);
    CHECK(met.pipeline_time >= overlapped.pipeline_time);
    check_memory(*rendezvous, costs, met);
  }
}

TEST_CASE("where a schedule states a closed form, equal stages idle for exactly that") {
  std::mt19937 random(9);
  std::map<std::string_view, int> answered;
  for (const Made& made : all_made()) {
    if (made.known.bubble == nullptr) continue;
    for (int trial = 0; trial < 4; ++trial) {
      CAPTURE(made.label);
      StageCost cost = random_costs(1, random).stages.front();
      if (trial > 1) cost.backward_input = cost.forward;
      if (trial > 0) cost.backward_weight = {cost.backward_weight.ps / 4 + 1};
      if (trial > 2) cost.backward_weight = cost.forward;
      cost.backward = cost.backward_input + cost.backward_weight;
      const PipelineShape shape{.stages = made.schedule.devices(),
                                .micro_batches = made.schedule.micro_batches,
                                .virtual_stages = made.schedule.stages() / made.schedule.devices()};
      const auto formula = made.known.bubble(equal_stages(shape, cost));
      if (!formula) continue;
      ++answered[made.known.name];
      const Outcome outcome =
          Engine(made.schedule).run(test::equal_costs(made.schedule.stages(), cost), {}, false);
      const Metrics metrics = measure(outcome);
      CHECK(metrics.bubble_fraction.numerator * formula->denominator ==
            formula->numerator * metrics.bubble_fraction.denominator);
    }
  }
  for (const KnownSchedule& known : known_schedules()) {
    CAPTURE(known.name);
    if (known.bubble != nullptr) CHECK(answered[known.name] >= 4);
  }
}

TEST_CASE(
    "every schedule is executed with the gradients of the network, and its memory to the byte") {
  std::mt19937 random(10);
  for (const KnownSchedule& known : known_schedules()) {
    for (const int stages : {2, 4}) {
      for (const std::string recompute : {"none", "full"}) {
        const test::BackwardMode mode{.recompute = recompute};
        test::PipelinedMlp mlp = test::random_mlp(random, stages * known.virtual_stages, mode);
        mlp.schedule = known.name;
        mlp.stages = stages;
        mlp.micro_batches = 8;
        mlp.precision = "fp64";  // Deep random networks cancel too much for fp32's tolerance.
        CAPTURE(test::describe(mlp));
        const Experiment experiment = test::assemble(mlp);
        for (const Clock clock : {Clock::wall, Clock::measured}) {
          const Execution execution = execute(experiment, {.clock = clock, .steps = 1});
          REQUIRE(!execution.prediction.outcome.deadlock);
          CHECK(execution.memory_difference == "");
          CHECK(execution.gradients.same_bits);
          CHECK(execution.gradients.passed());
        }
      }
    }
  }
}

TEST_SUITE_END();

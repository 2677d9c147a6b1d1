#include "sim/explain/explanation.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "schedules/orders/gpipe.hpp"
#include "sim/engine/engine.hpp"
#include "support/experiments.hpp"
#include "support/schedules/random_schedules.hpp"

using namespace pipesim;
using test::equal_costs;
using test::lane;

namespace {

struct Explained {
  Outcome outcome{};
  Explanation explanation{};
};

Explained simulate_and_explain(const Schedule& schedule, const StepCosts& costs) {
  Explained result{.outcome = Engine(schedule).run(costs, {}, true)};
  REQUIRE_FALSE(result.outcome.deadlock);
  result.explanation = explain(schedule, costs, result.outcome.timeline);
  return result;
}

// "F0.0 -5-> F1.0 B1.0": each op on the path, and what the message before it took, in ns.
std::string path_of(const Schedule& schedule, const StepCosts& costs) {
  std::string text;
  for (const PathStep& step : simulate_and_explain(schedule, costs).explanation.path.steps) {
    if (!text.empty()) text += " ";
    if (step.sent_from >= 0) text += fmt::format("-{}-> ", step.transfer.ps / 1000);
    text += describe(step.op);
  }
  return text;
}

// "gradient 1: 4 ns in 1": the cause, the device at the other end, the time and the number of
// waits.
std::string waits_of(const Explanation& explanation, std::size_t device) {
  std::string text;
  for (const Idle& idle : explanation.idle.devices[device]) {
    if (!text.empty()) text += ", ";
    text += name_of(idle.cause);
    if (idle.other >= 0) text += fmt::format(" {}", idle.other);
    text += fmt::format(": {} ns in {}", idle.total.ps / 1000, idle.count);
  }
  return text;
}

OpTimes durations(const Timeline& timeline) {
  OpTimes times;
  for (std::size_t device = 0; device < timeline.lanes.size(); ++device) {
    std::vector<Time>& of_device = times.emplace_back();
    for (const Interval& when : timeline.lanes[device]) {
      of_device.push_back(when.finish - when.start);
    }
  }
  return times;
}

Op message(OpKind kind, int stage, int micro_batch = 0) {
  return {.kind = kind, .stage = stage, .micro_batch = micro_batch};
}

// One micro-batch through two devices, with sends and receives.
Schedule two_devices(Communication communication) {
  return {.name = "two",
          .micro_batches = 1,
          .placement = {0, 1},
          .lanes = {{{.stage = 0},
                     message(OpKind::send_forward, 0),
                     message(OpKind::receive_backward, 0),
                     {.kind = OpKind::backward, .stage = 0}},
                    {message(OpKind::receive_forward, 1),
                     {.stage = 1},
                     {.kind = OpKind::backward, .stage = 1},
                     message(OpKind::send_backward, 1)}},
          .communication = communication};
}

constexpr Communication ways[] = {Communication::overlapped, Communication::blocking,
                                  Communication::rendezvous};

}  // namespace

TEST_SUITE_BEGIN("sim/explain/explanation");

TEST_CASE("the ops and messages on the critical path add up to the pipeline's time") {
  std::mt19937 random(1);
  for (const Communication way : ways) {
    for (int trial = 0; trial < 1000; ++trial) {
      CAPTURE(name_of(way));
      CAPTURE(trial);
      const Schedule schedule = test::random_schedule(random, way);
      const auto [outcome, explanation] =
          simulate_and_explain(schedule, test::random_costs(schedule.stages(), random));
      const CriticalPath& path = explanation.path;
      Time of_kinds;
      Time of_devices;
      Time at = explanation.pipeline.start;
      for (const Time time : path.by_kind) of_kinds += time;
      for (const Time time : path.by_device) of_devices += time;
      for (const PathStep& step : path.steps) {
        CHECK(step.transfer >= Time{});
        CHECK(step.when.start == at + step.transfer);
        at = step.when.finish;
      }
      CHECK(at == explanation.pipeline.finish);
      CHECK(of_kinds + path.transfers == outcome.pipeline_time);
      CHECK(of_devices == of_kinds);
    }
  }
}

TEST_CASE("an op on the critical path that takes longer makes the step longer by as much") {
  std::mt19937 random(2);
  for (const Communication way : ways) {
    for (int trial = 0; trial < 300; ++trial) {
      CAPTURE(name_of(way));
      CAPTURE(trial);
      const Schedule schedule = test::random_schedule(random, way);
      const StepCosts costs = test::random_costs(schedule.stages(), random);
      const auto [outcome, explanation] = simulate_and_explain(schedule, costs);
      Engine engine(schedule);
      OpTimes times = durations(outcome.timeline);
      REQUIRE(engine.makespan(costs, &times) == outcome.pipeline_time);
      for (const PathStep& step : explanation.path.steps) {
        if (communicates(step.op.kind)) continue;
        const auto device = static_cast<std::size_t>(step.device);
        const std::vector<Op>& ops = schedule.lanes[device];
        const auto slot =
            static_cast<std::size_t>(std::find(ops.begin(), ops.end(), step.op) - ops.begin());
        CAPTURE(describe(step.op));
        times[device][slot] += 7_ps;
        CHECK(engine.makespan(costs, &times) == outcome.pipeline_time + 7_ps);
        times[device][slot] -= 7_ps;
      }
    }
  }
}

TEST_CASE("a message on the path takes what its hop says, and more only behind another message") {
  std::mt19937 random(3);
  for (int trial = 0; trial < 1000; ++trial) {
    CAPTURE(trial);
    const Schedule schedule = test::random_schedule(random, Communication::overlapped);
    StepCosts costs = test::random_costs(schedule.stages(), random);
    const bool never_busy = trial % 2 == 0;
    if (never_busy) {
      for (TransferCost& hop : costs.hops) hop.occupancy = {};
    }
    const auto [outcome, explanation] = simulate_and_explain(schedule, costs);
    for (const PathStep& step : explanation.path.steps) {
      if (step.sent_from < 0 || step.op.with_next) continue;  // A pair has two inputs.
      const int hop = step.op.kind == OpKind::forward ? step.op.stage - 1 : step.op.stage;
      const Time least = costs.hops[static_cast<std::size_t>(hop)].total();
      CHECK(step.transfer >= least);
      if (never_busy) CHECK(step.transfer == least);
    }
  }
}

TEST_CASE("what a device waited for adds up to its idle time") {
  std::mt19937 random(4);
  for (const Communication way : ways) {
    for (int trial = 0; trial < 1000; ++trial) {
      CAPTURE(name_of(way));
      CAPTURE(trial);
      const Schedule schedule = test::random_schedule(random, way);
      const auto [outcome, explanation] =
          simulate_and_explain(schedule, test::random_costs(schedule.stages(), random));
      for (std::size_t device = 0; device < outcome.devices.size(); ++device) {
        CHECK(total(explanation.idle.devices[device]) ==
              outcome.pipeline_time - outcome.devices[device].busy());
      }
    }
  }
}

TEST_CASE("gpipe's path goes down with the first micro-batch and up with the last") {
  const Schedule schedule = gpipe({.stages = 3, .micro_batches = 4});
  CHECK(path_of(schedule, equal_costs(3)) ==
        "F0.0 -0-> F1.0 -0-> F2.0 F2.1 F2.2 F2.3 B2.3 -0-> B1.3 -0-> B0.3 B0.2 B0.1 B0.0");
  const Explanation explanation = simulate_and_explain(schedule, equal_costs(3)).explanation;
  CHECK(waits_of(explanation, 0) == "gradient 1: 6 ns in 1");
  CHECK(waits_of(explanation, 1) ==
        "filling: 1 ns in 1, gradient 2: 3 ns in 1, draining: 2 ns in 1");
  CHECK(waits_of(explanation, 2) == "filling: 2 ns in 1, draining: 4 ns in 1");
}

TEST_CASE("the path goes through the slowest stage") {
  const Schedule schedule = gpipe({.stages = 3, .micro_batches = 2});
  StepCosts costs = equal_costs(3);
  costs.stages[1] = {.forward = 5_ns, .backward = 9_ns};
  CHECK(path_of(schedule, costs) == "F0.0 -0-> F1.0 F1.1 -0-> F2.1 B2.1 -0-> B1.1 B1.0 -0-> B0.0");
}

TEST_CASE("where messages queue for a link, the path goes by way of the first of them") {
  const Schedule schedule = gpipe({.stages = 2, .micro_batches = 3});
  StepCosts costs = equal_costs(2, {.forward = 1_ns, .backward = 1_ns});
  costs.hops = {{.occupancy = 4_ns, .latency = 10_ns}};
  // The link is busy from F0.0's end on: F0.1 and F0.2 could take longer without any harm.
  CHECK(path_of(schedule, costs) == "F0.0 -22-> F1.2 B1.2 -22-> B0.0");
}

TEST_CASE("where device and message let an op start together, the path stays on the device") {
  const Schedule schedule{.name = "tie",
                          .micro_batches = 2,
                          .placement = {0, 1},
                          .lanes = {lane("F0.0 F0.1 B0.0 B0.1"), lane("F1.0 F1.1 B1.0 B1.1")}};
  const StepCosts costs = equal_costs(2, {.forward = 1_ns, .backward = 1_ns});
  CHECK(path_of(schedule, costs) == "F0.0 -0-> F1.0 F1.1 B1.0 -0-> B0.0 B0.1");
}

TEST_CASE("an overlapped pair waits for the later of its two inputs, and is on the path whole") {
  Schedule schedule{.name = "pair",
                    .micro_batches = 2,
                    .placement = {0, 1},
                    .lanes = {lane("F0.0 F0.1 B0.0 B0.1"), lane("F1.0 B1.0 F1.1 B1.1")}};
  schedule.lanes[0][1].with_next = true;
  const StepCosts costs = equal_costs(2);
  // F0.1 could start at 1, and waits with B0.0 for B1.0, which ends at 4.
  CHECK(path_of(schedule, costs) == "F0.0 -0-> F1.0 B1.0 -0-> F0.1 B0.0 -0-> F1.1 B1.1 -0-> B0.1");
  const Explanation explanation = simulate_and_explain(schedule, costs).explanation;
  CHECK(waits_of(explanation, 0) == "gradient 1: 6 ns in 2");
  CHECK(waits_of(explanation, 1) ==
        "filling: 1 ns in 1, activation 0: 3 ns in 1, draining: 2 ns in 1");
}

TEST_CASE("a blocking receive is waiting for the message, and its send takes no time") {
  const Schedule schedule = two_devices(Communication::blocking);
  StepCosts costs = equal_costs(2);
  costs.hops = {{.occupancy = 3_ns, .latency = 4_ns}};
  CHECK(path_of(schedule, costs) ==
        "F0.0 SEND_F0.0 -7-> RECV_F1.0 F1.0 B1.0 SEND_B1.0 -7-> RECV_B0.0 B0.0");
  const Explanation explanation = simulate_and_explain(schedule, costs).explanation;
  CHECK(waits_of(explanation, 0) == "gradient 1: 17 ns in 1");
  CHECK(waits_of(explanation, 1) == "filling: 8 ns in 1, draining: 9 ns in 1");
}

TEST_CASE("at a rendezvous the sender waits until the message has left") {
  const Schedule schedule = two_devices(Communication::rendezvous);
  StepCosts costs = equal_costs(2);
  costs.hops = {{.occupancy = 3_ns, .latency = 4_ns}};
  const Explanation explanation = simulate_and_explain(schedule, costs).explanation;
  CHECK(waits_of(explanation, 0) == "gradient 1: 14 ns in 1, sending 1: 3 ns in 1");
  CHECK(waits_of(explanation, 1) == "filling: 8 ns in 1, draining: 9 ns in 1");
}

TEST_CASE("at a rendezvous the path goes by way of the one that came later") {
  Schedule schedule = two_devices(Communication::rendezvous);
  schedule.micro_batches = 2;
  const auto sent = [](int m) { return message(OpKind::send_forward, 0, m); };
  const auto got = [](int m) { return message(OpKind::receive_forward, 1, m); };
  const auto sent_back = [](int m) { return message(OpKind::send_backward, 1, m); };
  const auto got_back = [](int m) { return message(OpKind::receive_backward, 0, m); };
  const std::vector<Op> above = lane("F0.0 F0.1 B0.0 B0.1");
  const std::vector<Op> below = lane("F1.0 F1.1 B1.0 B1.1");
  schedule.lanes[0] = {above[0],    sent(0),  above[1],    sent(1),
                       got_back(0), above[2], got_back(1), above[3]};
  schedule.lanes[1] = {got(0),   below[0],     got(1),   below[1],
                       below[2], sent_back(0), below[3], sent_back(1)};
  StepCosts costs = equal_costs(2);
  costs.stages[1].forward = 10_ns;
  costs.hops = {{.occupancy = 3_ns, .latency = 4_ns}};
  CHECK(path_of(schedule, costs) ==
        "F0.0 SEND_F0.0 -7-> RECV_F1.0 F1.0 -7-> RECV_F1.1 F1.1 B1.0 SEND_B1.0 -7-> RECV_B0.0 B0.0 "
        "-7-> RECV_B0.1 B0.1");
  const Explanation explanation = simulate_and_explain(schedule, costs).explanation;
  // The second message is held back from 5 to 18, and leaves until 21.
  CHECK(waits_of(explanation, 0) == "gradient 1: 30 ns in 2, sending 1: 19 ns in 2");
}

TEST_CASE("gathering weights on the path is neither computing nor a message") {
  Schedule schedule = gpipe({.stages = 2, .micro_batches = 1});
  for (int stage = 0; stage < 2; ++stage) {
    std::vector<Op>& ops = schedule.lanes[static_cast<std::size_t>(stage)];
    ops.insert(ops.begin(), {.kind = OpKind::unshard, .stage = stage, .micro_batch = -1});
  }
  StepCosts costs = equal_costs(2);
  costs.stages[0].gather = 5_ns;
  costs.stages[1].gather = 50_ns;
  CHECK(path_of(schedule, costs) == "UNSHARD1 F1.0 B1.0 -0-> B0.0");
  const auto [outcome, explanation] = simulate_and_explain(schedule, costs);
  CHECK(sharding_time(explanation.path) == 45_ns);  // From F0.0, at 5, on.
  CHECK(outcome.pipeline_time == 50_ns);
  CHECK(waits_of(explanation, 1) == "filling: 45 ns in 1, draining: 2 ns in 1");
}

TEST_CASE("the longest wait names the op that waited and the one it waited for") {
  const Schedule schedule = gpipe({.stages = 3, .micro_batches = 4});
  const auto& longest = simulate_and_explain(schedule, equal_costs(3)).explanation.idle.longest;
  REQUIRE(longest);
  CHECK(describe(longest->wait.waiting) == "B0.3");
  CHECK(longest->wait.device == 0);
  CHECK(describe(longest->wait.needed) == "B1.3");
  CHECK(longest->wait.needed_on == 1);
  CHECK(longest->when.start == 4_ns);
  CHECK(longest->when.finish == 10_ns);
}

TEST_CASE("one device that never waits is the path by itself") {
  const Schedule schedule = gpipe({.stages = 1, .micro_batches = 2});
  CHECK(path_of(schedule, equal_costs(1)) == "F0.0 F0.1 B0.1 B0.0");
  const Explanation explanation = simulate_and_explain(schedule, equal_costs(1)).explanation;
  CHECK(waits_of(explanation, 0) == "");
  CHECK_FALSE(explanation.idle.longest);
}

TEST_SUITE_END();

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

#include "schedules/orders/gpipe.hpp"
#include "schedules/orders/one_f_one_b.hpp"
#include "sim/engine/engine.hpp"
#include "sim/explain/explanation.hpp"
#include "sim/step/metrics.hpp"
#include "support/experiments.hpp"
#include "support/schedules/random_schedules.hpp"
#include "support/schedules/shared_link_clock.hpp"

using namespace pipesim;
using test::lane;
using test::one_bridge;

namespace {

constexpr Communication ways[] = {Communication::overlapped, Communication::blocking,
                                  Communication::rendezvous};

bool same(std::span<const Interval> a, std::span<const Interval> b) {
  return std::ranges::equal(a, b, [](const Interval& x, const Interval& y) {
    return x.start == y.start && x.finish == y.finish;
  });
}

// Each route takes up to three of the links, some none.
SharedLinks random_links(int stages, std::mt19937& random) {
  const auto any = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  SharedLinks links;
  for (int link = any(1, 4); link > 0; --link) links.names.push_back(std::to_string(link));
  const auto routes = [&] {
    std::vector<std::vector<int>> result(static_cast<std::size_t>(stages) - 1);
    for (std::vector<int>& route : result) {
      for (int link = 0; link < static_cast<int>(links.names.size()); ++link) {
        if (any(0, 1) == 0 && route.size() < 3) route.push_back(link);
      }
      std::ranges::shuffle(route, random);
    }
    return result;
  };
  links.routes = {.activation = routes(), .gradient = routes()};
  links.second_routes = {.activation = routes(), .gradient = routes()};
  return links;
}

// A named link for each pair of devices and direction: what two devices have without names, too.
SharedLinks links_of_pairs(const Schedule& schedule) {
  SharedLinks links;
  for (int from = 0; from < schedule.devices(); ++from) {
    for (int to = 0; to < schedule.devices(); ++to) {
      links.names.push_back(fmt::format("{} → {}", from, to));
    }
  }
  const auto routes = [&](int copy) {
    LinkRoutes of_copy;
    for (int s = 0; s + 1 < schedule.stages(); ++s) {
      const int here = schedule.device_of(s, copy);
      const int there = schedule.device_of(s + 1, copy);
      of_copy.activation.push_back({here * schedule.devices() + there});
      of_copy.gradient.push_back({there * schedule.devices() + here});
    }
    return of_copy;
  };
  links.routes = routes(0);
  if (schedule.bidirectional()) links.second_routes = routes(1);
  return links;
}

// "F0.0 0-10": each message with the interval from taking its links to its arrival, in ns.
std::string transfers(const Schedule& schedule, const StepCosts& costs, const Outcome& outcome) {
  std::string text;
  for_each_transfer(schedule, costs, outcome.timeline, [&](const Transfer& transfer) {
    text += fmt::format("{} → {} {}{} {}-{}\n", transfer.from, transfer.to,
                        transfer.is_gradient ? "gradient " : "activation ", transfer.micro_batch,
                        transfer.when.start.ps / 1000, transfer.when.finish.ps / 1000);
  });
  return text;
}

std::string uses(const StepCosts& costs, const Outcome& outcome) {
  std::string text;
  for (std::size_t link = 0; link < outcome.links.size(); ++link) {
    const LinkUse& use = outcome.links[link];
    text += fmt::format("{}: busy {}, {} messages, {} bytes, waited {}\n", costs.links.names[link],
                        use.busy.ps / 1000, use.messages, use.bytes, use.waited.ps / 1000);
  }
  return text;
}

// F 5 ns, B 7 ns; 10 ns on the link and 2 ns more for each message of 100 bytes.
StepCosts costs_over(int stages, SharedLinks links) {
  StepCosts costs = test::equal_costs(
      stages, {.forward = 5_ns, .backward = 7_ns, .boundary = 100, .output = 100});
  for (TransferCost& hop : costs.hops) hop = {.occupancy = 10_ns, .latency = 2_ns};
  costs.links = std::move(links);
  return costs;
}

}  // namespace

TEST_SUITE_BEGIN("sim/shared_links");

TEST_CASE("where routes share no link, all is as without names, bit by bit") {
  std::mt19937 random(1);
  for (const Communication way : ways) {
    for (int trial = 0; trial < 700; ++trial) {
      CAPTURE(name_of(way));
      CAPTURE(trial);
      const Schedule schedule = test::random_schedule(random, way);
      StepCosts costs = test::random_costs(schedule.stages(), random);
      Engine engine(schedule);
      const Outcome plain = engine.run(costs, {}, true);
      costs.links = links_of_pairs(schedule);
      const Outcome named = engine.run(costs, {}, true);
      CHECK(plain.pipeline_time == named.pipeline_time);
      CHECK(engine.makespan(costs) == plain.pipeline_time);
      for (std::size_t device = 0; device < plain.devices.size(); ++device) {
        CHECK(same(plain.timeline.lanes[device], named.timeline.lanes[device]));
        CHECK(plain.devices[device].busy_by_kind == named.devices[device].busy_by_kind);
        CHECK(plain.devices[device].peak == named.devices[device].peak);
        CHECK(plain.devices[device].span.start == named.devices[device].span.start);
        CHECK(plain.devices[device].span.finish == named.devices[device].span.finish);
      }
    }
  }
}

TEST_CASE("any schedule over any links runs as one with a queue in front of every link does") {
  std::mt19937 random(2);
  for (const Communication way : ways) {
    for (int trial = 0; trial < 700; ++trial) {
      CAPTURE(name_of(way));
      CAPTURE(trial);
      const Schedule schedule = test::random_schedule(random, way);
      StepCosts costs = test::random_costs(schedule.stages(), random);
      costs.links = random_links(schedule.stages(), random);
      const test::LinkedStep step = test::run_with_queues(schedule, costs);
      const Outcome outcome = Engine(schedule).run(costs, {}, true);
      REQUIRE_FALSE(outcome.deadlock);
      for (std::size_t device = 0; device < outcome.devices.size(); ++device) {
        CAPTURE(device);
        CHECK(same(outcome.timeline.lanes[device], step.lanes[device]));
      }
      for (std::size_t link = 0; link < outcome.links.size(); ++link) {
        CHECK(outcome.links[link].busy == step.links[link].busy);
        CHECK(outcome.links[link].messages == step.links[link].messages);
        CHECK(outcome.links[link].waited == step.links[link].waited);
      }
    }
  }
}

TEST_CASE("two messages over one bridge leave one behind the other, in opposite directions too") {
  const Schedule schedule{.name = "both ways",
                          .micro_batches = 2,
                          .placement = {0, 1},
                          .second_placement = {1, 0},
                          .lanes = {lane("F0.0 F1'.1 B1'.1 B0.0"), lane("F0'.1 F1.0 B1.0 B0'.1")}};
  const StepCosts costs = costs_over(2, one_bridge(2));
  const Outcome outcome = Engine(schedule).run(costs, {}, true);
  // Both ask at 5. Device 1 asks again at 29, device 0 at 39, when the bridge becomes free.
  CHECK(transfers(schedule, costs, outcome) ==
        "0 → 1 activation 0 5-17\n0 → 1 gradient 1 39-51\n"
        "1 → 0 activation 1 15-27\n1 → 0 gradient 0 29-41\n");
  CHECK(uses(costs, outcome) == "bridge: busy 40, 4 messages, 400 bytes, waited 10\n");
  CHECK(outcome.pipeline_time == 58_ns);
}

TEST_CASE("a queue of four is served in the order of the times at which its messages were made") {
  const Schedule schedule{.name = "both ways",
                          .micro_batches = 4,
                          .placement = {0, 1},
                          .second_placement = {1, 0},
                          .lanes = {lane("F0.0 F0.1 F1'.2 F1'.3 B1'.2 B1'.3 B0.0 B0.1"),
                                    lane("F0'.2 F0'.3 F1.0 F1.1 B1.0 B1.1 B0'.2 B0'.3")}};
  const StepCosts costs = costs_over(2, one_bridge(2));
  const Outcome outcome = Engine(schedule).run(costs, {}, true);
  // Made at 5, 10, 59 and 66; on device 1 at 5, 10, 49 and 56.
  CHECK(transfers(schedule, costs, outcome) ==
        "0 → 1 activation 0 5-17\n0 → 1 activation 1 25-37\n"
        "0 → 1 gradient 2 69-81\n0 → 1 gradient 3 79-91\n"
        "1 → 0 activation 2 15-27\n1 → 0 activation 3 35-47\n"
        "1 → 0 gradient 0 49-61\n1 → 0 gradient 1 59-71\n");
  CHECK(uses(costs, outcome) == "bridge: busy 80, 8 messages, 800 bytes, waited 76\n");
  CHECK(outcome.pipeline_time == 98_ns);
}

TEST_CASE("a message takes all links of its route at once") {
  const Schedule schedule = gpipe({.stages = 3, .micro_batches = 2});
  const StepCosts costs =
      costs_over(3, {.names = {"a", "b"}, .routes = {.activation = {{0}, {1, 0}}}});
  const Outcome outcome = Engine(schedule).run(costs, {}, true);
  // Stage 0 asks for a at 5 and 10, stage 1 for both at 22 and 32. Gradients have their own links.
  CHECK(transfers(schedule, costs, outcome) ==
        "0 → 1 activation 0 5-17\n0 → 1 activation 1 15-27\n"
        "1 → 2 activation 0 25-37\n1 → 2 activation 1 35-47\n"
        "1 → 0 gradient 1 78-90\n1 → 0 gradient 0 88-100\n"
        "2 → 1 gradient 1 59-71\n2 → 1 gradient 0 69-81\n");
  CHECK(uses(costs, outcome) ==
        "a: busy 40, 4 messages, 400 bytes, waited 8\n"
        "b: busy 20, 2 messages, 200 bytes, waited 3\n");
}

TEST_CASE("at a rendezvous a message asks when both are there, and its sender waits for the link") {
  const Schedule schedule{
      .name = "met",
      .micro_batches = 2,
      .placement = {0, 1, 2, 3},
      .lanes = {lane("F0.0 SEND_F0.0 F0.1 SEND_F0.1 RECV_B0.0 B0.0 RECV_B0.1 B0.1"),
                lane("RECV_F1.0 F1.0 SEND_F1.0 RECV_F1.1 F1.1 SEND_F1.1 "
                     "RECV_B1.0 B1.0 SEND_B1.0 RECV_B1.1 B1.1 SEND_B1.1"),
                lane("RECV_F2.0 F2.0 SEND_F2.0 RECV_F2.1 F2.1 SEND_F2.1 "
                     "RECV_B2.0 B2.0 SEND_B2.0 RECV_B2.1 B2.1 SEND_B2.1"),
                lane("RECV_F3.0 F3.0 RECV_F3.1 F3.1 B3.0 SEND_B3.0 B3.1 SEND_B3.1")},
      .communication = Communication::rendezvous};
  const Outcome outcome = Engine(schedule).run(costs_over(4, one_bridge(4)), {}, true);
  std::string text;
  for (std::size_t device = 0; device < 4; ++device) {
    for (std::size_t slot = 0; slot < schedule.lanes[device].size(); ++slot) {
      const Op& op = schedule.lanes[device][slot];
      const Interval when = outcome.timeline.lanes[device][slot];
      if (op.kind != OpKind::send_forward && op.kind != OpKind::receive_forward) continue;
      text += fmt::format("{} {}-{} ", describe(op), when.start.ps / 1000, when.finish.ps / 1000);
    }
    text.back() = '\n';
  }
  // Devices 0 and 1 meet at 32, and 2 and 3 at 39, when the bridge is taken until 42.
  CHECK(text ==
        "SEND_F0.0 5-15 SEND_F0.1 20-42\n"
        "RECV_F1.0 0-17 SEND_F1.0 22-32 RECV_F1.1 32-44 SEND_F1.1 49-62\n"
        "RECV_F2.0 0-34 SEND_F2.0 39-52 RECV_F2.1 52-64 SEND_F2.1 69-79\n"
        "RECV_F3.0 0-54 RECV_F3.1 59-81\n");
  CHECK(outcome.links[0].waited == 4_ns);  // And gradients for one more.
}

TEST_CASE("devices that wait for each other are found over shared links as well") {
  const Schedule crossed{.name = "crossed",
                         .micro_batches = 2,
                         .placement = {0, 1},
                         .lanes = {lane("F0.0 B0.0 F0.1 B0.1"), lane("F1.1 B1.1 F1.0 B1.0")}};
  const Outcome outcome = Engine(crossed).run(costs_over(2, one_bridge(2)), {}, true);
  REQUIRE(outcome.deadlock);
  CHECK(describe(*outcome.deadlock) ==
        "deadlock after 5 ns: B0.0 on device 0 waits for B1.0 on device 1, "
        "which stands behind F1.1, which waits for F0.1 on device 0, which stands behind B0.0");
  CHECK(outcome.links[0].messages == 1);
}

TEST_CASE("the critical path over shared links adds up, and names what a message waited for") {
  std::mt19937 random(3);
  for (const Communication way : ways) {
    for (int trial = 0; trial < 500; ++trial) {
      CAPTURE(name_of(way));
      CAPTURE(trial);
      const Schedule schedule = test::random_schedule(random, way);
      StepCosts costs = test::random_costs(schedule.stages(), random);
      costs.links = random_links(schedule.stages(), random);
      const Outcome outcome = Engine(schedule).run(costs, {}, true);
      const Explanation explanation = explain(schedule, costs, outcome.timeline);
      Time at = explanation.pipeline.start;
      Time sum = explanation.path.transfers;
      for (const Time time : explanation.path.by_kind) sum += time;
      CHECK(sum == outcome.pipeline_time);
      for (const PathStep& step : explanation.path.steps) {
        CHECK(step.when.start == at + step.transfer);
        CHECK(step.waited <= step.transfer);
        CHECK((step.waited == Time{}) == (step.link < 0));
        at = step.when.finish;
      }
      CHECK(at == explanation.pipeline.finish);
    }
  }
}

TEST_CASE("a path goes on from the device whose message held the link") {
  const Schedule schedule{.name = "both ways",
                          .micro_batches = 2,
                          .placement = {0, 1},
                          .second_placement = {1, 0},
                          .lanes = {lane("F0.0 F1'.1 B1'.1 B0.0"), lane("F0'.1 F1.0 B1.0 B0'.1")}};
  const StepCosts costs = costs_over(2, one_bridge(2));
  const Outcome outcome = Engine(schedule).run(costs, {}, true);
  const Explanation explanation = explain(schedule, costs, outcome.timeline);
  std::string text;
  for (const PathStep& step : explanation.path.steps) {
    if (step.sent_from >= 0) {
      text += fmt::format("{} → {} {}", step.sent_from, step.sent_to, step.transfer.ps / 1000);
      if (step.link >= 0) text += fmt::format(", {} for link {}", step.waited.ps / 1000, step.link);
      text += "\n";
    }
    text += fmt::format("{} {}-{}\n", describe(step.op), step.when.start.ps / 1000,
                        step.when.finish.ps / 1000);
  }
  CHECK(text ==
        "F0.0 0-5\n1 → 0 22, 10 for link 0\nF1'.1 27-32\nB1'.1 32-39\n"
        "0 → 1 12\nB0'.1 51-58\n");
}

TEST_CASE("free transfers take no link from each other") {
  Experiment experiment = test::experiment_from(R"({
    "model": {"kind": "stage_costs", "forward": "5 ns", "backward": "7 ns", "transfer": "3 ns"},
    "pipeline": {"stages": 3, "micro_batches": 2, "schedule": "gpipe"}})");
  experiment.costs.links = one_bridge(3);
  Engine engine(experiment.schedule);
  const Outcome outcome = engine.run(experiment.costs, {}, false);
  const BubbleBreakdown breakdown = break_down_bubble(engine, experiment, outcome);
  CHECK(breakdown.communication_time == outcome.pipeline_time - (2 + 3 - 1) * (5_ns + 7_ns));
}

TEST_CASE("the bottleneck is the link that messages waited longest for") {
  const auto metrics = [](std::vector<LinkUse> links) {
    return measure({.devices = {{}}, .links = std::move(links)});
  };
  CHECK_FALSE(metrics({}).busiest_link);
  const Metrics busy = metrics({{.busy = 3_ns}, {.busy = 4_ns}, {.busy = 4_ns}});
  CHECK(busy.busiest_link == 1);
  CHECK_FALSE(busy.bottleneck_link);
  const Metrics waiting = metrics({{.busy = 3_ns, .waited = 2_ns}, {.busy = 4_ns, .waited = 1_ns}});
  CHECK(waiting.busiest_link == 1);
  CHECK(waiting.bottleneck_link == 0);
}

TEST_SUITE_END();

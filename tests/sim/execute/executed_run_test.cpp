#include "sim/execute/executed_run.hpp"
#include "sim/assemble/assemble.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <utility>

#include "sim/engine/memory_trace.hpp"
#include "support/experiments.hpp"
#include "support/models/networks.hpp"

namespace pipesim {

namespace {

using test::allocations_of;
using test::HostBatch;
using test::PipelinedMlp;
using test::set_schedule;

Ratio reduced(Ratio ratio) {
  Int128 a = ratio.numerator < 0 ? -ratio.numerator : ratio.numerator;
  Int128 b = ratio.denominator;
  while (b != 0) a = std::exchange(b, a % b);
  return {ratio.numerator / a, ratio.denominator / a};
}

Ratio operator+(Ratio a, Ratio b) {
  return reduced(
      {a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator});
}

bool same(Ratio a, Ratio b) {
  return a.numerator * b.denominator == b.numerator * a.denominator;
}

Ratio sum_of_parts(const BubbleBreakdown& parts) {
  return reduced(parts.fill_drain) + reduced(parts.imbalance) + reduced(parts.communication) +
         reduced(parts.other);
}

// As long as if every op had taken that long.
Measured measured_from(const Experiment& experiment, const std::function<Time(const Op&)>& time) {
  Measured measured;
  for (int device = 0; device < experiment.schedule.devices(); ++device) {
    std::vector<Time>& times = measured.ops.emplace_back();
    for (const Op& op : experiment.schedule.lanes[static_cast<std::size_t>(device)]) {
      times.push_back(time(op));
    }
    const Op update{.kind = OpKind::optimizer, .stage = device, .micro_batch = -1};
    measured.tail.push_back({.device = device, .op = update, .when = {.finish = time(update)}});
  }
  return measured;
}

Measured random_times(const Experiment& experiment, std::mt19937& random) {
  return measured_from(experiment,
                       [&](const Op&) { return Time{static_cast<std::int64_t>(random() % 5000)}; });
}

Allocations nothing_of(const Experiment& experiment) {
  return Allocations(static_cast<std::size_t>(experiment.schedule.devices()));
}

void check_same_times(const Timeline& actual, const Timeline& expected) {
  for (std::size_t d = 0; d < expected.lanes.size(); ++d) {
    REQUIRE(actual.lanes[d].size() == expected.lanes[d].size());
    for (std::size_t slot = 0; slot < expected.lanes[d].size(); ++slot) {
      CHECK(actual.lanes[d][slot].start == expected.lanes[d][slot].start);
      CHECK(actual.lanes[d][slot].finish == expected.lanes[d][slot].finish);
    }
  }
}

// With a real link, so that there is communication.
Experiment linked(const std::string& schedule, const std::string& recompute = "none") {
  Experiment experiment = assemble(
      PipelinedMlp{.schedule = schedule, .stages = 4, .micro_batches = 5, .recompute = recompute});
  for (TransferCost& hop : experiment.costs.hops) hop = {.occupancy = 300_ps, .latency = 70_ps};
  return experiment;
}

}  // namespace

TEST_SUITE("sim/execute/executed_run") {
  TEST_CASE("the median of an even number of steps is the lower one of the two in the middle") {
    const auto step = [](std::int64_t op, std::int64_t tail) {
      return Measured{.ops = {{Time{op}, Time{-op}}}, .tail = {{.when = {.finish = Time{tail}}}}};
    };
    const Measured even = median_of({step(4, 30), step(1, 10), step(3, 20), step(2, 40)});
    CHECK(even.ops == OpTimes{{2_ps, Time{-3}}});
    CHECK(even.tail[0].when.finish == 20_ps);
    const Measured odd = median_of({step(5, 30), step(1, 10), step(3, 20)});
    CHECK(odd.ops == OpTimes{{3_ps, Time{-3}}});
    CHECK(odd.tail[0].when.finish == 20_ps);
    const Measured one = median_of({step(5, 30)});
    CHECK(one.ops == OpTimes{{5_ps, Time{-5}}});
  }

  TEST_CASE("each op has a median of its own: no one step need have been like that") {
    const auto step = [](std::int64_t first, std::int64_t second) {
      return Measured{.ops = {{Time{first}}, {Time{second}}}};
    };
    CHECK(median_of({step(1, 9), step(2, 1), step(9, 2)}).ops == OpTimes{{2_ps}, {2_ps}});
  }

  TEST_CASE("measured durations that equal the costs replay as a plain run") {
    for (const std::string schedule : {"gpipe", "1f1b"}) {
      for (const std::string recompute : {"none", "full", "except_last"}) {
        const Experiment experiment = linked(schedule, recompute);
        const Measured measured = measured_from(experiment, [&](const Op& op) {
          return duration_of(op.kind, experiment.costs.stages[static_cast<std::size_t>(op.stage)]);
        });
        Engine engine(experiment.schedule);
        const Outcome plain = engine.run(experiment.costs, {}, true);
        const Outcome replay = engine.run(experiment.costs, {}, true, &measured.ops);
        check_same_times(replay.timeline, plain.timeline);
        CHECK(engine.makespan(experiment.costs, &measured.ops) == plain.pipeline_time);
        CHECK(replay.pipeline_time == plain.pipeline_time);
        for (std::size_t d = 0; d < plain.devices.size(); ++d) {
          CHECK(replay.devices[d].busy_by_kind == plain.devices[d].busy_by_kind);
          CHECK(replay.devices[d].peak == plain.devices[d].peak);
        }
        const Run run = measured_run(experiment, measured, nothing_of(experiment));
        const Metrics simulated = simulate(experiment).metrics;
        CHECK(run.metrics.pipeline_time == simulated.pipeline_time);
        CHECK(run.metrics.step_time == simulated.step_time);
        CHECK(same(run.metrics.bubble_fraction, simulated.bubble_fraction));
        CHECK(same(run.metrics.breakdown.communication, simulated.breakdown.communication));
      }
    }
  }

  TEST_CASE("a measured run's timeline is the engine's replay, with the updates at its end") {
    std::mt19937 random(21);
    const Experiment experiment = linked("1f1b", "full");
    const Measured measured = random_times(experiment, random);
    const Run run = measured_run(experiment, measured, nothing_of(experiment));
    const Outcome replay =
        Engine(experiment.schedule).run(experiment.costs, {}, true, &measured.ops);
    CHECK(run.outcome.timeline.clock == Clock::measured);
    check_same_times(run.outcome.timeline, replay.timeline);
    REQUIRE(run.outcome.timeline.tail.size() == 4);
    for (std::size_t d = 0; d < 4; ++d) {
      const Interval& update = run.outcome.timeline.tail[d].when;
      CHECK(update.start == replay.devices[d].finish);
      CHECK(update.finish == update.start + measured.tail[d].when.finish);
    }
  }

  TEST_CASE("updates of several stages follow each other on their device") {
    Experiment experiment = assemble(PipelinedMlp{.stages = 2, .micro_batches = 1});
    set_schedule(experiment, {0, 0}, {"F0.0 F1.0 B1.0 B0.0"});
    const auto update = [](int stage, Time time) {
      return TailSpan{.device = 0,
                      .op = {.kind = OpKind::optimizer, .stage = stage, .micro_batch = -1},
                      .when = {.finish = time}};
    };
    const Measured measured{.ops = {{1_ps, 2_ps, 3_ps, 4_ps}},
                            .tail = {update(0, 5_ps), update(1, 6_ps)}};
    const Run run = measured_run(experiment, measured, nothing_of(experiment));
    CHECK(run.outcome.timeline.tail[0].when.start == 10_ps);
    CHECK(run.outcome.timeline.tail[1].when.start == 15_ps);
    CHECK(run.metrics.step_time == 21_ps);
    CHECK(run.metrics.optimizer == 11_ps);
  }

  TEST_CASE("copies add up their gradients when both are done, stage by stage, and then update") {
    Experiment experiment = assemble(PipelinedMlp{.stages = 2, .micro_batches = 2});
    set_schedule(experiment, Schedule{.placement = {0, 1},
                                      .second_placement = {1, 0},
                                      .lanes = {test::lane("F0.0 F1'.1 B1'.1 B0.0"),
                                                test::lane("F0'.1 F1.0 B1.0 B0'.1")}});
    const auto span = [](const char* op, int device, Time time) {
      return TailSpan{.device = device, .op = test::lane(op).front(), .when = {.finish = time}};
    };
    const Measured measured{
        .ops = {{1_ps, 1_ps, 1_ps, 1_ps}, {1_ps, 1_ps, 1_ps, 3_ps}},
        .tail = {span("A0", 0, 4_ps), span("A1'", 0, 3_ps), span("O0", 0, 1_ps),
                 span("O1'", 0, 1_ps), span("A0'", 1, 2_ps), span("A1", 1, 3_ps),
                 span("O0'", 1, 5_ps), span("O1", 1, 5_ps)}};
    const Run run = measured_run(experiment, measured, nothing_of(experiment));
    const std::vector<TailSpan>& tail = run.outcome.timeline.tail;
    std::vector<std::int64_t> starts;
    for (const TailSpan& one : tail) starts.push_back(one.when.start.ps);
    // Device 1 is done at 6 and device 0, done at 4, waits for it; before stage 1 it is the other
    // way round.
    CHECK(starts == std::vector<std::int64_t>{6, 10, 13, 14, 6, 10, 13, 18});
    CHECK(run.metrics.pipeline_time == 6_ps);
    CHECK(run.metrics.all_reduce == 7_ps);
    CHECK(run.metrics.step_time == 23_ps);
  }

  TEST_CASE(
      "a measured pair takes what its ops took, one after the other, whatever it could save") {
    Experiment experiment = assemble(PipelinedMlp{.stages = 1, .micro_batches = 2});
    set_schedule(experiment, {0}, {"F0.0 F0.1+B0.0 B0.1"});
    experiment.costs.stages[0].overlapped = 1_ps;
    const Measured measured{.ops = {{2_ps, 4_ps, 5_ps, 7_ps}}};
    const Run run = measured_run(experiment, measured, nothing_of(experiment));
    CHECK(run.metrics.pipeline_time == 18_ps);
    CHECK(run.outcome.timeline.lanes[0][1].finish == 6_ps);
    CHECK(run.outcome.timeline.lanes[0][2].start == 6_ps);
    CHECK(run.metrics.bubble_fraction.numerator == 0);
    CHECK(run.metrics.breakdown.imbalance.numerator == 0);
  }

  TEST_CASE("the pipeline's time is what is computed: neither sends around it, nor sharding") {
    Experiment experiment = assemble(PipelinedMlp{.stages = 2, .micro_batches = 1});
    set_schedule(experiment,
                 Schedule{.placement = {0, 1},
                          .lanes = {test::lane("UNSHARD0 F0.0 SEND_F0.0 RECV_B0.0 B0.0 RESHARD0"),
                                    test::lane("RECV_F1.0 F1.0 B1.0 SEND_B1.0 REDUCE_GRAD1")},
                          .communication = Communication::rendezvous});
    // As the wall clock may have it.
    Timeline timeline{.clock = Clock::wall, .lanes = LaneIntervals(experiment.schedule)};
    const std::vector<std::vector<Interval>> times{
        {{0_ps, 0_ps}, {2_ps, 3_ps}, {5_ps, 5_ps}, {15_ps, 15_ps}, {16_ps, 20_ps}, {30_ps, 30_ps}},
        {{6_ps, 6_ps}, {7_ps, 9_ps}, {9_ps, 11_ps}, {14_ps, 14_ps}, {25_ps, 25_ps}}};
    for (std::size_t d = 0; d < 2; ++d) {
      std::copy(times[d].begin(), times[d].end(), timeline.lanes.first_of(d));
    }
    timeline.activation_arrival = timeline.gradient_arrival = Arrivals(2, 1, Arrivals::not_yet);
    timeline.activation_arrival.row(1)[0] = 6_ps;
    timeline.gradient_arrival.row(0)[0] = 15_ps;
    const Run run = wall_run(experiment, timeline, nothing_of(experiment));
    CHECK(run.metrics.pipeline_time == 18_ps);
    CHECK(run.outcome.devices[1].span.start == 7_ps);
    CHECK(run.outcome.devices[1].span.finish == 11_ps);
    CHECK(run.outcome.devices[0].finish == 30_ps);
    CHECK(run.metrics.busy == 9_ps);
    // Each message takes 1 ps from its send on: that is all that the replay leaves unhidden.
    CHECK(run.metrics.breakdown.communication_time == 2_ps);
    CHECK(same(sum_of_parts(run.metrics.breakdown), run.metrics.bubble_fraction));
  }

  TEST_CASE("on the measured clock nothing is unexplained, and the parts are the bubble exactly") {
    std::mt19937 random(22);
    for (const std::string schedule : {"gpipe", "1f1b"}) {
      for (const std::string recompute : {"none", "full"}) {
        const Experiment experiment = linked(schedule, recompute);
        for (int trial = 0; trial < 100; ++trial) {
          const Metrics metrics =
              measured_run(experiment, random_times(experiment, random), nothing_of(experiment))
                  .metrics;
          CHECK(metrics.breakdown.other.numerator == 0);
          CHECK(same(sum_of_parts(metrics.breakdown), metrics.bubble_fraction));
        }
      }
    }
  }

  TEST_CASE("equal measured durations have the formula's bubble, all of it fill and drain") {
    for (const std::string schedule : {"gpipe", "1f1b"}) {
      const Experiment experiment =
          assemble(PipelinedMlp{.schedule = schedule, .stages = 4, .micro_batches = 8});
      const Measured measured = measured_from(
          experiment, [](const Op& op) { return op.kind == OpKind::forward ? 1_ns : 2_ns; });
      const Metrics metrics = measured_run(experiment, measured, nothing_of(experiment)).metrics;
      CHECK(metrics.pipeline_time == 11 * 3_ns);
      CHECK(same(metrics.bubble_fraction, {3, 11}));
      CHECK(same(metrics.breakdown.fill_drain, {3, 11}));
      CHECK(metrics.breakdown.imbalance.numerator == 0);
      CHECK(metrics.breakdown.communication.numerator == 0);
    }
  }

  TEST_CASE("on the wall clock the parts are the bubble exactly, too") {
    const Experiment experiment =
        assemble(PipelinedMlp{.schedule = "1f1b", .stages = 4, .micro_batches = 6});
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    for (int step = 0; step < 20; ++step) {
      const Run run =
          wall_run(experiment, executor.run(host.batch), allocations_of(executor, experiment));
      CHECK(same(sum_of_parts(run.metrics.breakdown), run.metrics.bubble_fraction));
    }
  }

  TEST_CASE("a wall clock that ran as the engine says has nothing unexplained") {
    std::mt19937 random(23);
    Experiment experiment = linked("gpipe");
    // No link carries two messages at once: as a hand-off, all of it is latency.
    for (TransferCost& hop : experiment.costs.hops) hop = {.latency = 70_ps};
    const Measured measured = random_times(experiment, random);
    const Outcome replay =
        Engine(experiment.schedule).run(experiment.costs, {}, true, &measured.ops);
    const Run on_wall = wall_run(experiment, replay.timeline, nothing_of(experiment));
    const Run on_measured = measured_run(experiment, measured, nothing_of(experiment));
    CHECK(on_wall.metrics.breakdown.other.numerator == 0);
    CHECK(on_wall.metrics.breakdown.communication_time ==
          on_measured.metrics.breakdown.communication_time);
    CHECK(same(on_wall.metrics.breakdown.fill_drain, on_measured.metrics.breakdown.fill_drain));
  }

  TEST_CASE("the executed trace is the simulated one, event by event, at its own times") {
    for (const std::string recompute : {"none", "full"}) {
      const Experiment experiment = linked("1f1b", recompute);
      const HostBatch<double> host(experiment);
      Executor<double> executor(experiment);
      const Measured measured = executor.measure(host.batch);
      const Run run = measured_run(experiment, measured, allocations_of(executor, experiment));
      Timeline without_record = run.outcome.timeline;
      without_record.memory.clear();
      for (int device = 0; device < 4; ++device) {
        DeviceMemory expected(experiment.schedule, experiment.costs, without_record, device);
        const auto& events = run.outcome.timeline.memory[static_cast<std::size_t>(device)];
        for (const MemoryEvent& event : events) {
          REQUIRE(!expected.done());
          CHECK(event.at == expected.current().at);
          CHECK(event.tag == expected.current().tag);
          CHECK(event.tag_total == expected.current().tag_total);
          CHECK(event.device_total == expected.current().device_total);
          expected.advance();
        }
        CHECK(expected.done());
      }
    }
  }

  TEST_CASE("peaks, their time, and what is in flight are those that the engine finds") {
    const Experiment experiment = linked("1f1b", "full");
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    const Measured measured = executor.measure(host.batch);
    const Run run = measured_run(experiment, measured, allocations_of(executor, experiment));
    const Outcome replay =
        Engine(experiment.schedule).run(experiment.costs, {}, true, &measured.ops);
    for (std::size_t d = 0; d < 4; ++d) {
      CHECK(run.outcome.devices[d].peak == replay.devices[d].peak);
      CHECK(run.outcome.devices[d].peak_at == replay.devices[d].peak_at);
      CHECK(run.outcome.devices[d].static_bytes == replay.devices[d].static_bytes);
      CHECK(run.outcome.devices[d].peak_in_flight == replay.devices[d].peak_in_flight);
      CHECK(run.outcome.devices[d].finish == replay.devices[d].finish);
    }
  }

  TEST_CASE("the first op that needs more than its device has is the verdict, as simulated") {
    Experiment experiment = linked("gpipe");
    const Bytes peak = simulate(experiment).outcome.devices[1].peak;
    experiment.capacity[1] = peak - 1;
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    const Measured measured = executor.measure(host.batch);
    const Run run = measured_run(experiment, measured, allocations_of(executor, experiment));
    const Outcome simulated = simulate(experiment).outcome;
    REQUIRE(run.outcome.devices[1].overflow);
    CHECK(run.outcome.devices[1].overflow->op == simulated.devices[1].overflow->op);
    CHECK(run.outcome.devices[1].overflow->needed == simulated.devices[1].overflow->needed);
    CHECK(!run.outcome.devices[0].overflow);
    CHECK(!run.metrics.fits_memory);
  }
}

}  // namespace pipesim

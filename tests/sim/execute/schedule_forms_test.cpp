#include <doctest/doctest.h>

#include <algorithm>

#include "schedules/core/recompute.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/execute/execute.hpp"
#include "support/executed_step.hpp"
#include "support/experiments.hpp"
#include "support/models/networks.hpp"
#include "support/schedules/random_schedules.hpp"

namespace pipesim {

namespace {

using test::executed_clocks;
using test::HostBatch;
using test::PipelinedMlp;
using test::run_step;
using test::set_schedule;

// Everything that lanes can hold beside F, B and R.
struct Form {
  bool copies = false;
  bool split = false;
  bool pairs = false;
  bool sharding = false;
  Communication communication = Communication::overlapped;
};

std::vector<Form> all_forms() {
  std::vector<Form> forms;
  for (const Communication communication :
       {Communication::overlapped, Communication::blocking, Communication::rendezvous}) {
    for (unsigned bits = 0; bits < 16; ++bits) {
      forms.push_back({.copies = (bits & 1) != 0,
                       .split = (bits & 2) != 0,
                       .pairs = (bits & 4) != 0,
                       .sharding = (bits & 8) != 0,
                       .communication = communication});
    }
  }
  return forms;
}

std::string describe(const Form& form) {
  std::string text{name_of(form.communication)};
  if (form.copies) text += ", two copies";
  if (form.split) text += ", split backwards";
  if (form.pairs) text += ", overlapped pairs";
  if (form.sharding) text += ", sharding";
  return text;
}

// A random order of a random network's ops on random devices.
Experiment random_experiment(std::mt19937& random, const Form& form, PipelinedMlp mlp) {
  const std::vector<int> placement = test::random_placement(random, mlp.stages);
  if (form.copies) mlp.micro_batches = std::max(2, mlp.micro_batches);
  Experiment experiment = assemble(mlp);
  experiment.config.training.learning_rate = 1e-6;  // Deep linear networks diverge at the default.
  test::ScheduleOptions options{.placement = placement,
                                .micro_batches = mlp.micro_batches,
                                .split = form.split,
                                .pairs = form.pairs,
                                .sharding = form.sharding,
                                .communication = form.communication};
  if (form.copies) {  // The other way round.
    options.second_placement = {placement.rbegin(), placement.rend()};
  }
  const PipelineSettings& settings = experiment.config.pipeline;
  set_schedule(experiment, with_recompute(test::random_schedule(random, options),
                                          settings.recompute, settings.lazy_recompute));
  return experiment;
}

Schedule by_hand(Schedule frame, const std::vector<std::string>& lanes) {
  frame.name = "by hand";
  for (const std::string& text : lanes) frame.lanes.push_back(test::lane(text));
  return frame;
}

// Two stages on two devices, down through the first copies and up through the second ones.
Schedule two_ways() {
  return by_hand({.placement = {0, 1}, .second_placement = {1, 0}},
                 {"F0.0 F0.2 F1'.1 B1'.1 F1'.3 B1'.3 B0.0 B0.2",
                  "F0'.1 F0'.3 F1.0 B1.0 F1.2 B1.2 B0'.1 B0'.3"});
}

Experiment two_ways_with(const std::string& optimizer) {
  Experiment experiment = assemble(PipelinedMlp{.stages = 2, .optimizer = optimizer});
  set_schedule(experiment, two_ways());
  return experiment;
}

void check_on_both_clocks(const Experiment& experiment) {
  for (const Clock clock : executed_clocks) {
    CAPTURE(name_of(clock));
    CHECK(test::complaint_about(experiment, clock) == "");
  }
}

template <class T>
bool same_copies(const Executor<T>& executor, int stages) {
  for (int s = 0; s < stages; ++s) {
    const std::span<T> first = executor.stage(s, 0).parameters().all();
    const std::span<T> second = executor.stage(s, 1).parameters().all();
    if (!std::ranges::equal(first, second)) return false;
  }
  return true;
}

std::string tail_of(const Timeline& timeline, int device) {
  std::string text;
  for (const TailSpan& span : timeline.tail) {
    if (span.device == device) text += (text.empty() ? "" : " ") + pipesim::describe(span.op);
  }
  return text;
}

std::string failure_of(const Experiment& experiment, Clock clock) {
  const HostBatch<double> host(experiment);
  Executor<double> executor(experiment);
  try {
    run_step(executor, clock, host.batch);
  } catch (const DeviceFailure& failure) {
    return failure.what();
  }
  return "no failure";
}

Experiment renumbered(Experiment experiment, const std::vector<int>& micro_batches) {
  for (std::vector<Op>& lane : experiment.schedule.lanes) {
    for (Op& op : lane) op.micro_batch = micro_batches[static_cast<std::size_t>(op.micro_batch)];
  }
  return experiment;
}

}  // namespace

TEST_SUITE("sim/execute/schedule_forms") {
  TEST_CASE("gradients, bits, memory and times are right for random orders of every form") {
    std::mt19937 random(30);
    for (const Form& form : all_forms()) {
      for (const test::BackwardMode& mode : test::backward_modes()) {
        if (mode.weight_gradient == "deferred") continue;
        const int stages = 1 + static_cast<int>(random() % 6);
        const PipelinedMlp mlp = random_mlp(random, stages, mode);
        const Experiment experiment = random_experiment(random, form, mlp);
        CAPTURE(describe(form));
        CAPTURE(describe(mlp));
        CAPTURE(experiment.schedule.devices());
        check_on_both_clocks(experiment);
      }
    }
  }

  TEST_CASE("every schedule of the catalog is right with sends and receives in its lanes") {
    std::mt19937 random(34);
    for (const KnownSchedule& known : known_schedules()) {
      for (const std::string communication : {"blocking", "rendezvous"}) {
        for (const test::BackwardMode& mode : test::backward_modes()) {
          if (mode.weight_gradient == "deferred") continue;
          PipelinedMlp mlp = test::random_mlp(random, 4 * known.virtual_stages, mode);
          mlp.schedule = known.name;
          mlp.stages = 4;
          mlp.micro_batches = 8;
          mlp.communication = communication;
          Experiment experiment = assemble(mlp);
          experiment.config.training.learning_rate = 1e-6;
          CAPTURE(describe(mlp));
          check_on_both_clocks(experiment);
        }
      }
    }
  }

  TEST_CASE("on the measured clock nothing is unexplained, whatever the form") {
    std::mt19937 random(33);
    for (const Form& form : all_forms()) {
      CAPTURE(describe(form));
      const PipelinedMlp mlp = test::random_mlp(random, 4, {.recompute = "full"});
      const Experiment experiment = random_experiment(random, form, mlp);
      const Execution execution = execute(experiment, {.clock = Clock::measured, .steps = 1});
      const BubbleBreakdown& parts = execution.run.metrics.breakdown;
      CHECK(parts.other.numerator == 0);
      CHECK(parts.fill_drain.value() + parts.imbalance.value() + parts.communication.value() ==
            doctest::Approx(execution.run.metrics.bubble_fraction.value()));
    }
  }

  TEST_CASE("both copies of a stage have the same weights after every update") {
    for (const std::string optimizer : {"sgd", "momentum", "adam", "rmsprop"}) {
      const Experiment experiment = two_ways_with(optimizer);
      const HostBatch<double> host(experiment);
      Executor<double> threads(experiment), one_by_one(experiment);
      const std::vector<double> drawn = test::parameters_of(threads, experiment);
      for (int step = 0; step < 5; ++step) {
        threads.run(host.batch);
        one_by_one.measure(host.batch);
        CHECK(same_copies(threads, 2));
        CHECK(same_copies(one_by_one, 2));
        CHECK(threads.loss() == one_by_one.loss());
      }
      CHECK(test::parameters_of(threads, experiment) != drawn);
      CHECK(test::parameters_of(threads, experiment) ==
            test::parameters_of(one_by_one, experiment));
    }
  }

  TEST_CASE("before the first update, the loss is that of one copy") {
    const Experiment both = two_ways_with("sgd");
    const Experiment one = assemble(PipelinedMlp{.stages = 2});
    const HostBatch<double> host(one);
    Executor<double> with_two(both), with_one(one);
    for (const Clock clock : executed_clocks) {
      run_step(with_two, clock, host.batch, Update::collect);
      run_step(with_one, clock, host.batch, Update::collect);
      CHECK(with_two.loss() == with_one.loss());
    }
  }

  TEST_CASE("a device adds the gradients of all its stages' other copies, then updates them") {
    const Experiment experiment = two_ways_with("sgd");
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    const Timeline timeline = executor.run(host.batch);
    CHECK(tail_of(timeline, 0) == "A0 A1' O0 O1'");
    CHECK(tail_of(timeline, 1) == "A0' A1 O0' O1");
    const Time both_done =
        std::max(timeline.lanes[0].back().finish, timeline.lanes[1].back().finish);
    for (const TailSpan& span : timeline.tail) CHECK(both_done <= span.when.start);
  }

  TEST_CASE("a simulated step ends with the same ops on every device, in the same order") {
    Experiment experiment = two_ways_with("adam");
    experiment.config.cluster.interconnect.bandwidth = 1e9;
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    const Timeline executed = executor.run(host.batch);
    const Timeline simulated = simulate(experiment).outcome.timeline;
    for (const int device : {0, 1}) {
      CHECK(tail_of(executed, device) == tail_of(simulated, device));
    }
  }

  TEST_CASE("both copies of a stage on one device") {
    Experiment experiment =
        assemble(PipelinedMlp{.stages = 3, .micro_batches = 2, .recompute = "full"});
    set_schedule(experiment,
                 by_hand({.placement = {0, 1, 2}, .second_placement = {2, 1, 0}},
                         {"F0.0 F2'.1 R2'.1 B2'.1 R0.0 B0.0", "F1.0 F1'.1 R1'.1 B1'.1 R1.0 B1.0",
                          "F0'.1 F2.0 R2.0 B2.0 R0'.1 B0'.1"}));
    check_on_both_clocks(experiment);
  }

  TEST_CASE("overlapped pairs across two ways, in a steady state as DualPipe has it") {
    Experiment experiment = assemble(PipelinedMlp{.stages = 2, .micro_batches = 6});
    set_schedule(experiment,
                 by_hand({.placement = {0, 1}, .second_placement = {1, 0}},
                         {"F0.0 F1'.3 F0.1+B1'.3 F1'.4+B0.0 F0.2+I1'.4 F1'.5+B0.1 I1'.5 W1'.4 "
                          "W1'.5 B0.2",
                          "F0'.3 F1.0 F0'.4+B1.0 F1.1+B0'.3 F0'.5+I1.1 F1.2+B0'.4 I1.2 W1.1 W1.2 "
                          "B0'.5"}));
    check_on_both_clocks(experiment);
  }

  TEST_CASE("sends and receives by hand, where a device runs ahead of what it sends") {
    for (const Communication communication : {Communication::blocking, Communication::rendezvous}) {
      Experiment experiment = assemble(PipelinedMlp{.stages = 2, .micro_batches = 2});
      set_schedule(experiment, by_hand({.placement = {0, 1}, .communication = communication},
                                       {"F0.0 F0.1 SEND_F0.0 SEND_F0.1 RECV_B0.0 RECV_B0.1 B0.1 "
                                        "B0.0",
                                        "RECV_F1.0 RECV_F1.1 F1.1 F1.0 B1.0 B1.1 SEND_B1.0 "
                                        "SEND_B1.1"}));
      check_on_both_clocks(experiment);
    }
  }

  TEST_CASE("a send of one device that meets no receive is a deadlock, reported and not run") {
    Experiment experiment = assemble(PipelinedMlp{.stages = 2, .micro_batches = 2});
    // Each device sends first: harmless where a send only posts.
    Schedule crossed = by_hand({.placement = {0, 1}, .communication = Communication::blocking},
                               {"F0.0 SEND_F0.0 F0.1 SEND_F0.1 RECV_B0.0 B0.0 RECV_B0.1 B0.1",
                                "RECV_F1.0 F1.0 B1.0 SEND_B1.0 RECV_F1.1 F1.1 B1.1 SEND_B1.1"});
    set_schedule(experiment, crossed);
    check_on_both_clocks(experiment);
    crossed.communication = Communication::rendezvous;
    set_schedule(experiment, crossed);
    for (const Clock clock : executed_clocks) {
      const Execution execution = execute(experiment, {.clock = clock, .steps = 1});
      CHECK(execution.prediction.outcome.deadlock);
      CHECK(execution.step_times.empty());
    }
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    CHECK_THROWS_WITH_AS(executor.measure(host.batch), "a schedule that deadlocks was executed",
                         std::logic_error);
  }

  TEST_CASE("sends, receives and sharding take no time, and only a receive holds what it brings") {
    std::mt19937 random(31);
    const Form form{.sharding = true, .communication = Communication::rendezvous};
    const Experiment experiment =
        random_experiment(random, form, PipelinedMlp{.stages = 4, .micro_batches = 4});
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    const Timeline timeline = executor.run(host.batch);
    const Measured measured = executor.measure(host.batch);
    for (std::size_t d = 0; d < timeline.lanes.size(); ++d) {
      const std::vector<Op>& lane = experiment.schedule.lanes[d];
      for (std::size_t slot = 0; slot < lane.size(); ++slot) {
        if (computes(lane[slot].kind)) continue;
        CHECK(timeline.lanes[d][slot].start == timeline.lanes[d][slot].finish);
        CHECK(measured.ops[d][slot] == Time{});
        const OpKind kind = lane[slot].kind;
        const bool receives = kind == OpKind::receive_forward || kind == OpKind::receive_backward;
        const auto& events = executor.allocations(static_cast<int>(d));
        CHECK(std::ranges::count(events, static_cast<int>(slot), &AllocationEvent::slot) ==
              (receives ? 1 : 0));
      }
    }
  }

  TEST_CASE("every form gives the same loss, step after step, at learning rate 0") {
    std::mt19937 random(32);
    for (const Form& form : all_forms()) {
      Experiment experiment =
          random_experiment(random, form, PipelinedMlp{.stages = 4, .micro_batches = 4});
      experiment.config.training.learning_rate = 0;
      const HostBatch<double> host(experiment);
      Executor<double> executor(experiment);
      executor.run(host.batch);
      const double loss = executor.loss();
      for (int step = 0; step < 20; ++step) {
        executor.run(host.batch);
        REQUIRE(executor.loss() == loss);
      }
    }
  }

  TEST_CASE("a device that fails sends home who waits for its gradient, or at a rendezvous") {
    Experiment two_copies = two_ways_with("sgd");
    two_copies.schedule.lanes[1].pop_back();  // The last B comes a second time instead.
    two_copies.schedule.lanes[1].push_back(test::lane("B1.2").front());
    Experiment rendezvous = assemble(PipelinedMlp{.stages = 2, .micro_batches = 1});
    rendezvous.schedule = by_hand(
        {.micro_batches = 1, .placement = {0, 1}, .communication = Communication::rendezvous},
        {"F0.0 SEND_F0.0 RECV_B0.0 B0.0", "B1.0 RECV_F1.0 F1.0 SEND_B1.0"});
    for (const Clock clock : executed_clocks) {
      for (int time = 0; time < 20; ++time) {
        REQUIRE(failure_of(two_copies, clock) ==
                "device 1, B1.2: the activations of micro-batch 2 are not held");
        REQUIRE(failure_of(rendezvous, clock) ==
                "device 1, B1.0: the activations of micro-batch 0 are not held");
      }
    }
  }

  TEST_CASE("the gradient of two copies is added in their grouping: another has other bits") {
    const Experiment experiment = two_ways_with("sgd");
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    executor.run(host.batch, Update::collect);
    CHECK(check_gradients(experiment, executor, host.batch).passed());
    // Copy 0 has added 0 and 2, copy 1 has added 1 and 3.
    CHECK(check_gradients(renumbered(experiment, {1, 0, 3, 2}), executor, host.batch).passed());
    CHECK(!check_gradients(renumbered(experiment, {0, 2, 1, 3}), executor, host.batch).same_bits);
  }
}

}  // namespace pipesim

#include "sim/execute/workers/executor.hpp"
#include "sim/assemble/assemble.hpp"

#include <doctest/doctest.h>

#include "support/executed_step.hpp"
#include "support/models/networks.hpp"

namespace pipesim {

namespace {

using test::BackwardMode;
using test::executed_clocks;
using test::HostBatch;
using test::parameters_of;
using test::PipelinedMlp;
using test::run_step;
using test::set_schedule;

void check_on_both_clocks(const Experiment& experiment) {
  for (const Clock clock : executed_clocks) {
    CAPTURE(name_of(clock));
    CHECK(test::complaint_about(experiment, clock) == "");
  }
}

// Weights after three steps, and the loss of each.
struct Trained {
  std::vector<double> weights{};
  std::vector<double> losses{};

  bool operator==(const Trained&) const = default;
};

Trained train_three_steps(const PipelinedMlp& mlp, Clock clock) {
  const Experiment experiment = assemble(mlp);
  const HostBatch<double> host(experiment);
  Executor<double> executor(experiment);
  Trained trained;
  for (int step = 0; step < 3; ++step) {
    run_step(executor, clock, host.batch);
    trained.losses.push_back(executor.loss());
  }
  trained.weights = parameters_of(executor, experiment);
  return trained;
}

// Two micro-batches over three stages, everything computed again.
Experiment three_stages() {
  return assemble(PipelinedMlp{.stages = 3, .micro_batches = 2, .recompute = "full"});
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

}  // namespace

TEST_SUITE("sim/execute/workers/executor") {
  TEST_CASE("gradients, bits and memory are right for every schedule, shape and setting") {
    std::mt19937 random(20);
    for (const std::string schedule : {"gpipe", "1f1b"}) {
      for (const BackwardMode& mode : test::backward_modes()) {
        for (int stages = 1; stages <= 5; ++stages) {
          for (int trial = 0; trial < 3; ++trial) {
            PipelinedMlp mlp = random_mlp(random, stages, mode);
            mlp.schedule = schedule;
            CAPTURE(describe(mlp));
            check_on_both_clocks(assemble(mlp));
          }
        }
      }
    }
  }

  TEST_CASE("weights are bit by bit the same for every K, clock and re-computation") {
    for (const std::string optimizer : {"sgd", "momentum", "adam", "rmsprop"}) {
      for (const std::string schedule : {"gpipe", "1f1b"}) {
        for (const std::string weight_gradient : {"accumulated", "deferred"}) {
          PipelinedMlp mlp{.schedule = schedule,
                           .stages = 1,
                           .weight_gradient = weight_gradient,
                           .optimizer = optimizer};
          const Trained alone = train_three_steps(mlp, Clock::measured);
          for (const BackwardMode& mode : test::backward_modes()) {
            if (mode.weight_gradient != weight_gradient) continue;
            mlp.recompute = mode.recompute;
            mlp.placement = mode.placement;
            for (mlp.stages = 1; mlp.stages <= 5; ++mlp.stages) {
              CAPTURE(describe(mlp));
              for (const Clock clock : executed_clocks) {
                CHECK(train_three_steps(mlp, clock) == alone);
              }
            }
          }
        }
      }
    }
  }

  TEST_CASE("the wall clock gives the same loss with 1, 2 and 4 stages, 200 times over") {
    const auto losses_with = [](int stages) {
      return train_three_steps(PipelinedMlp{.stages = stages}, Clock::wall).losses;
    };
    const std::vector<double> once = losses_with(1);
    for (int time = 0; time < 200; ++time) {
      for (const int stages : {1, 2, 4}) REQUIRE(losses_with(stages) == once);
    }
  }

  TEST_CASE("an executor that lasts gives the same loss, step after step, at learning rate 0") {
    for (const Clock clock : executed_clocks) {
      Experiment experiment = assemble(PipelinedMlp{.stages = 4});
      experiment.config.training.learning_rate = 0;
      const HostBatch<double> host(experiment);
      Executor<double> executor(experiment);
      run_step(executor, clock, host.batch);
      const double loss = executor.loss();
      for (int step = 0; step < 200; ++step) {
        run_step(executor, clock, host.batch);
        REQUIRE(executor.loss() == loss);
      }
    }
  }

  TEST_CASE("a collected gradient leaves the weights alone, and the next update as it was") {
    for (const std::string weight_gradient : {"accumulated", "deferred"}) {
      for (const Clock clock : executed_clocks) {
        const Experiment experiment =
            assemble(PipelinedMlp{.weight_gradient = weight_gradient, .optimizer = "adam"});
        const HostBatch<double> host(experiment);
        Executor<double> plain(experiment), looked_at(experiment);
        const std::vector<double> before = parameters_of(looked_at, experiment);
        run_step(looked_at, clock, host.batch, Update::collect);
        run_step(looked_at, clock, host.batch, Update::collect);
        CHECK(parameters_of(looked_at, experiment) == before);
        run_step(looked_at, clock, host.batch);
        run_step(plain, clock, host.batch);
        CHECK(parameters_of(looked_at, experiment) != before);
        CHECK(parameters_of(looked_at, experiment) == parameters_of(plain, experiment));
      }
    }
  }

  TEST_CASE("a deferred W is the update: nothing follows the pipeline") {
    const Experiment experiment = assemble(PipelinedMlp{.weight_gradient = "deferred"});
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    CHECK(executor.run(host.batch).tail.empty());
    CHECK(executor.measure(host.batch).tail.empty());
  }

  TEST_CASE("several stages on a device: a loop over two devices") {
    Experiment experiment = assemble(PipelinedMlp{.stages = 4, .micro_batches = 2});
    set_schedule(
        experiment, {0, 1, 0, 1},
        {"F0.0 F0.1 F2.0 F2.1 B2.1 B2.0 B0.1 B0.0", "F1.0 F1.1 F3.0 F3.1 B3.1 B3.0 B1.1 B1.0"});
    check_on_both_clocks(experiment);
  }

  TEST_CASE("several stages on a device: neighbours hand over on their device") {
    Experiment experiment =
        assemble(PipelinedMlp{.stages = 3, .micro_batches = 2, .recompute = "full"});
    set_schedule(experiment, {0, 0, 1},
                 {"F0.0 F1.0 F0.1 F1.1 R1.0 B1.0 R0.0 B0.0 R1.1 R0.1 B1.1 B0.1",
                  "F2.0 R2.0 B2.0 F2.1 R2.1 B2.1"});
    check_on_both_clocks(experiment);
  }

  TEST_CASE("several stages on a device: there and back, where the last two are neighbours") {
    Experiment experiment = assemble(PipelinedMlp{.stages = 4, .micro_batches = 2});
    set_schedule(
        experiment, {0, 1, 1, 0},
        {"F0.0 F0.1 F3.0 B3.0 F3.1 B3.1 B0.0 B0.1", "F1.0 F2.0 F1.1 F2.1 B2.0 B1.0 B2.1 B1.1"});
    check_on_both_clocks(experiment);
  }

  TEST_CASE("a split backward, with W for each micro-batch in an order of its own") {
    for (const std::string precision : {"fp32", "fp64"}) {
      Experiment experiment =
          assemble(PipelinedMlp{.stages = 3, .micro_batches = 3, .precision = precision});
      set_schedule(experiment, {0, 1, 2},
                   {"F0.0 F0.1 F0.2 I0.0 I0.1 W0.1 I0.2 W0.2 W0.0",
                    "F1.0 F1.1 I1.0 F1.2 I1.1 I1.2 W1.0 W1.1 W1.2",
                    "F2.0 I2.0 W2.0 F2.1 I2.1 F2.2 I2.2 W2.2 W2.1"});
      check_on_both_clocks(experiment);
    }
  }

  TEST_CASE("a split backward beside a whole one, after re-computation") {
    Experiment experiment =
        assemble(PipelinedMlp{.stages = 2, .micro_batches = 2, .recompute = "full"});
    set_schedule(experiment, {0, 1},
                 {"F0.0 F0.1 R0.0 I0.0 R0.1 B0.1 W0.0", "F1.0 F1.1 R1.0 B1.0 R1.1 I1.1 W1.1"});
    check_on_both_clocks(experiment);
  }

  TEST_CASE("spans of a device follow each other, and start when their input has arrived") {
    for (const std::string schedule : {"gpipe", "1f1b"}) {
      for (const std::string placement : {"eager", "lazy"}) {
        const Experiment experiment = assemble(PipelinedMlp{.schedule = schedule,
                                                            .stages = 4,
                                                            .micro_batches = 6,
                                                            .recompute = "full",
                                                            .placement = placement});
        const HostBatch<double> host(experiment);
        Executor<double> executor(experiment);
        for (int step = 0; step < 20; ++step) {
          const Timeline timeline = executor.run(host.batch);
          CHECK(test::complaint_about_times(experiment.schedule, timeline) == "");
          CHECK(timeline.lanes[0][0].start == Time{});
          CHECK(timeline.clock == Clock::wall);
          CHECK(timeline.tail.size() == 4);
        }
      }
    }
  }

  TEST_CASE("an op that fails stops all devices, and is reported once with its device") {
    Experiment experiment = three_stages();
    // On device 1 an R is missing: check_schedule knows nothing of what the config computes again.
    set_schedule(experiment, {0, 1, 2},
                 {"F0.0 F0.1 R0.1 B0.1 R0.0 B0.0", "F1.0 F1.1 R1.1 B1.1 B1.0",
                  "F2.0 F2.1 R2.1 B2.1 R2.0 B2.0"});
    for (const Clock clock : executed_clocks) {
      for (int time = 0; time < 50; ++time) {
        REQUIRE(failure_of(experiment, clock) ==
                "device 1, B1.0: the activations of micro-batch 0 are not held");
      }
    }
  }

  TEST_CASE("a failure in the first op of device 0 sends home devices that have yet to start") {
    Experiment experiment = three_stages();
    experiment.schedule.lanes[0].insert(experiment.schedule.lanes[0].begin(),
                                        {.kind = OpKind::recompute, .stage = 0, .micro_batch = 0});
    for (const Clock clock : executed_clocks) {
      for (int time = 0; time < 50; ++time) {
        REQUIRE(failure_of(experiment, clock) ==
                "device 0, R0.0: the input of micro-batch 0 is not held");
      }
    }
  }

  TEST_CASE("a device that fails in its last op fails the step") {
    Experiment experiment = three_stages();
    for (std::vector<Op>& lane : experiment.schedule.lanes) std::erase(lane, lane.back());
    experiment.schedule.lanes[2].push_back(
        {.kind = OpKind::backward, .stage = 2, .micro_batch = 1});
    for (const Clock clock : executed_clocks) {
      CHECK(failure_of(experiment, clock) ==
            "device 2, B2.1: the activations of micro-batch 1 are not held");
    }
  }

  TEST_CASE("measuring a schedule that deadlocks is a mistake of the caller's, not a hang") {
    Experiment experiment = assemble(PipelinedMlp{.stages = 2, .micro_batches = 2});
    set_schedule(experiment, {0, 1}, {"F0.0 B0.0 F0.1 B0.1", "F1.1 B1.1 F1.0 B1.0"});
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    CHECK_THROWS_WITH_AS(executor.measure(host.batch), "a schedule that deadlocks was executed",
                         std::logic_error);
  }
}

}  // namespace pipesim

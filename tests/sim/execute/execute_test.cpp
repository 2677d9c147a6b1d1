#include "sim/execute/execute.hpp"
#include "sim/assemble/assemble.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "models/base/input_error.hpp"
#include "sim/execute/train.hpp"
#include "support/experiments.hpp"
#include "support/models/networks.hpp"
#include "support/refusal.hpp"

namespace pipesim {

namespace {

using test::experiment_from;
using test::PipelinedMlp;

const std::string small_config = R"({"model": {"kind": "mlp", "layer_sizes": [4, 3, 2]},
                             "pipeline": {"stages": 2, "micro_batches": 2}})";

std::string refusal(const Experiment& experiment, const ExecuteOptions& options = {}) {
  return test::refusal_of([&] { execute(experiment, options); });
}

std::string refusal_with(const std::vector<std::string>& settings) {
  return refusal(experiment_from(small_config, settings));
}

std::string refusal_to_train(const std::vector<std::string>& settings) {
  return test::refusal_of(
      [&] { train(experiment_from(small_config, settings), [](const TrainingProgress&) {}); });
}

// "1.5 GB are": what is free when the test runs is no figure to pin.
std::string without_free_memory(const std::string& text) {
  const std::size_t figure = text.find("hint: ") + 6;
  const std::size_t rest = text.find(" GB are available");
  REQUIRE(rest != std::string::npos);
  return text.substr(0, figure) + "N" + text.substr(rest);
}

}  // namespace

TEST_SUITE("sim/execute/execute") {
  TEST_CASE("a model without kernels is refused by its kind") {
    const Experiment experiment = experiment_from(R"({
      "model": {"kind": "stage_costs", "forward": 1, "backward": 2},
      "pipeline": {"stages": 2, "micro_batches": 2}})");
    CHECK(refusal(experiment) ==
          "config.json: /model/kind: has no kernels to execute, got \"stage_costs\"\n"
          "  hint: only an mlp is executed; simulate predicts the others");
  }

  TEST_CASE("half precision is refused") {
    CHECK(refusal_with({"training.precision=fp16", "cluster.device=v100-16gb"}) ==
          "--set: /training/precision: has no kernels to execute, got \"fp16\"\n"
          "  hint: set it to \"fp32\" or \"fp64\"");
  }

  TEST_CASE("replicas are refused") {
    CHECK(refusal_with({"training.data_parallel=2"}) ==
          "--set: /training/data_parallel: is only simulated: replicas are not executed, got 2\n"
          "  hint: set it to 1: one replica is what is executed");
  }

  TEST_CASE("what only simulate prices is refused: layers computed again, ZeRO, mixed precision") {
    CHECK(refusal_with({"pipeline.recompute=layers"}) ==
          "--set: /pipeline/recompute: is only simulated, got \"layers\"\n"
          "  hint: choose \"none\", \"full\" or \"except_last\"");
    CHECK(refusal_with({"training.zero_stage=1"}) ==
          "--set: /training/zero_stage: is only simulated: one replica is executed, got 1\n"
          "  hint: set it to 0");
    CHECK(refusal_with({"training.gradient_precision=fp64"}) ==
          "--set: /training/gradient_precision: is only simulated, got \"fp64\"\n"
          "  hint: leave it out: what is executed is of one precision");
    CHECK(refusal_with({"training.optimizer_precision=fp64"}) ==
          "--set: /training/optimizer_precision: is only simulated, got \"fp64\"\n"
          "  hint: leave it out: what is executed is of one precision");
  }

  TEST_CASE("bytes per parameter are refused") {
    CHECK(refusal_with({"training.bytes_per_parameter=16"}) ==
          "--set: /training/bytes_per_parameter: cannot be chosen for what is executed, got 16\n"
          "  hint: leave it out: kernels hold what the optimizer and the precision need");
  }

  TEST_CASE("a batch that no matrix has rows for is refused") {
    CHECK(refusal_with({"training.batch_size=2147483648"}) ==
          "--set: /training/batch_size: is too large to execute, got 2147483648\n"
          "  hint: execute fewer samples");
  }

  TEST_CASE("more devices than threads are refused on the wall clock, and only there") {
    PipelinedMlp mlp{.layer_sizes = std::vector<int>(258, 1), .stages = 257, .micro_batches = 1};
    CHECK(refusal(assemble(mlp)) ==
          "--set: /pipeline/stages: needs a thread for each device, and 256 are the most, got 257\n"
          "  hint: use fewer stages, or --clock measured, which takes one thread");
    CHECK(refusal(assemble(mlp), {.clock = Clock::measured, .steps = 1}) == "accepted");
  }

  TEST_CASE("more parameters than the machine holds are refused before anything is allocated") {
    const Experiment experiment = experiment_from(
        R"({"model": {"kind": "mlp", "layer_sizes": [10000000, 1000000]},
            "pipeline": {"stages": 1, "micro_batches": 1}})");
    // 10^13 parameters and their gradients, and as much again to check: 4 bytes each.
    CHECK(without_free_memory(refusal(experiment)) ==
          "config.json: /model/layer_sizes: needs 160000.2 GB of this machine's memory to execute, "
          "got 10000001000000 parameters\n"
          "  hint: N GB are available: execute a smaller model; simulate needs no such memory");
  }

  TEST_CASE("two copies of a stage need the memory of two, and of what they exchange") {
    Experiment experiment = experiment_from(
        R"({"model": {"kind": "mlp", "layer_sizes": [10000000, 1000000]},
            "pipeline": {"stages": 1, "micro_batches": 2}})");
    test::set_schedule(experiment,
                       Schedule{.placement = {0},
                                .second_placement = {1},
                                .lanes = {test::lane("F0.0 B0.0"), test::lane("F0'.1 B0'.1")}});
    // Parameters and gradients twice, what is exchanged twice, and three times to check.
    CHECK(without_free_memory(refusal(experiment)) ==
          "config.json: /model/layer_sizes: needs 360000.3 GB of this machine's memory to execute, "
          "got 10000001000000 parameters\n"
          "  hint: N GB are available: execute a smaller model; simulate needs no such memory");
  }

  TEST_CASE("more samples than the machine holds are refused, too") {
    // 68 and 60 GB on the devices; 6 values a sample that go in, 17 that the check keeps.
    CHECK(without_free_memory(refusal_with({"training.batch_size=2000000000"})) ==
          "--set: /training/batch_size: needs 312.0 GB of this machine's memory to execute, "
          "got 2000000000\n"
          "  hint: N GB are available: execute a smaller batch; simulate needs no such memory");
  }

  TEST_CASE("samples must make up whole mini-batches") {
    CHECK(refusal_to_train({"training.batch_size=32", "training.samples=250"}) ==
          "--set: /training/samples: must be a multiple of the batch size 32, got 250\n"
          "  hint: every step takes a whole mini-batch: change one of the two");
    CHECK(refusal_to_train({"training.batch_size=32", "training.samples=4294967296"}) ==
          "--set: /training/samples: is more than can be trained on, got 4294967296\n"
          "  hint: use fewer samples");
    CHECK(refusal_to_train({"training.batch_size=32", "training.samples=64"}) == "accepted");
  }

  TEST_CASE("a schedule that deadlocks is reported, not run") {
    Experiment experiment = assemble(PipelinedMlp{.stages = 2, .micro_batches = 2});
    test::set_schedule(experiment, {0, 1}, {"F0.0 B0.0 F0.1 B0.1", "F1.1 B1.1 F1.0 B1.0"});
    const Execution execution = execute(experiment);
    CHECK(execution.prediction.outcome.deadlock);
    CHECK(execution.step_times.empty());
  }

  TEST_CASE("every step's time is reported, and the run on the wall clock is the median's") {
    for (const int steps : {1, 2, 5}) {
      const Experiment experiment = assemble(PipelinedMlp{.stages = 2});
      const Execution execution = execute(experiment, {.clock = Clock::wall, .steps = steps});
      std::vector<Time> times = execution.step_times;
      REQUIRE(static_cast<int>(times.size()) == steps);
      std::ranges::sort(times);
      CHECK(execution.run.metrics.step_time == times[static_cast<std::size_t>((steps - 1) / 2)]);
    }
  }

  TEST_CASE("the loss is that of the first step, whatever the number of steps and the clock") {
    const Experiment experiment = assemble(PipelinedMlp{.stages = 2});
    const double loss = execute(experiment, {.clock = Clock::wall, .steps = 1}).loss;
    CHECK(execute(experiment, {.clock = Clock::wall, .steps = 4}).loss == loss);
    CHECK(execute(experiment, {.clock = Clock::measured, .steps = 3}).loss == loss);
  }
}

TEST_SUITE("sim/execute/gradient_check") {
  using test::HostBatch;

  TEST_CASE("the gradient of other samples, or of other weights, does not pass") {
    const Experiment experiment = assemble(PipelinedMlp{.stages = 3});
    const int batch_size = static_cast<int>(experiment.config.training.batch_size);
    const Samples<double> samples(experiment, 2 * batch_size);
    const MiniBatch<double> batch = samples.slice(0, batch_size);
    Executor<double> executor(experiment);
    executor.measure(batch, Update::collect);
    const GradientCheck right = check_gradients(experiment, executor, batch);
    CHECK(right.passed());
    CHECK(right.tolerance == 1e-12);
    CHECK(right.tensor.starts_with("layer "));
    const GradientCheck wrong =
        check_gradients(experiment, executor, samples.slice(batch_size, batch_size));
    CHECK(!wrong.passed());
    CHECK(wrong.largest_error > 0.01);
    CHECK(!wrong.same_bits);
    executor.measure(batch);  // The weights move on.
    CHECK(!check_gradients(experiment, executor, batch).passed());
  }

  TEST_CASE("adding micro-batches in another order passes within rounding, not bit by bit") {
    Experiment experiment = assemble(PipelinedMlp{.stages = 2, .micro_batches = 8});
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    executor.measure(host.batch, Update::collect);
    Experiment other = assemble(PipelinedMlp{.schedule = "1f1b", .stages = 2, .micro_batches = 8});
    const GradientCheck check = check_gradients(other, executor, host.batch);
    CHECK(check.largest_error <= check.tolerance);
    CHECK(!check.same_bits);
    CHECK(!check.passed());
  }

  TEST_CASE("in fp32 the tolerance is 1e-5") {
    const Experiment experiment = assemble(PipelinedMlp{.precision = "fp32"});
    const HostBatch<float> host(experiment);
    Executor<float> executor(experiment);
    executor.run(host.batch, Update::collect);
    CHECK(check_gradients(experiment, executor, host.batch).tolerance == 1e-5);
  }
}

}  // namespace pipesim

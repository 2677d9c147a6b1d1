#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "sim/assemble/assemble.hpp"
#include "sim/execute/data/initial_weights.hpp"
#include "sim/execute/execute.hpp"
#include "sim/execute/executed_run.hpp"
#include "sim/execute/train.hpp"
#include "sim/execute/unpipelined.hpp"
#include "sim/kernels/activation.hpp"
#include "sim/kernels/loss.hpp"
#include "support/executed_step.hpp"
#include "support/models/networks.hpp"

namespace pipesim {

namespace {

using test::allocations_of;
using test::HostBatch;
using test::PipelinedMlp;
using test::run_step;

using test::executed_clocks;

// A network that no pipeline cuts up, with the weights that it starts with.
template <class T>
struct Whole {
  std::vector<LayerShape> layers;
  StageParameters<T> parameters;

  explicit Whole(const Experiment& experiment) : layers(layer_shapes(*experiment.config.mlp)) {
    const StagePlan plan{.layers = layers};
    parameters = StageParameters<T>(plan, Block(plan.parameters() * static_cast<Bytes>(sizeof(T))));
    for (int l = 0; l < plan.layer_count(); ++l) {
      draw_weights(experiment.config.training.seed, l, parameters.layer(l));
    }
  }

  std::vector<LinearParameters<T>> by_layer() const {
    std::vector<LinearParameters<T>> list;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      list.push_back(parameters.layer(static_cast<int>(l)));
    }
    return list;
  }

  StageParameters<T> gradient(const MiniBatch<T>& batch) const {
    return gradient_without_pipeline(layers, by_layer(), batch, {});
  }

  double loss(const MiniBatch<T>& batch) const {
    std::vector<T> values(batch.inputs.all().begin(), batch.inputs.all().end());
    const int rows = batch.inputs.rows;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      std::vector<T> next(static_cast<std::size_t>(rows * layers[l].outputs));
      const Matrix<T> y{next.data(), rows, layers[l].outputs};
      linear_forward<T>({values.data(), rows, layers[l].inputs},
                        parameters.layer(static_cast<int>(l)), y);
      activate(layers[l].activation, y);
      values = next;
    }
    const Matrix<const T> y{values.data(), rows, batch.targets.columns};
    return squared_error<T>(y, batch.targets) / static_cast<double>(batch.targets.size());
  }
};

double total_difference(std::span<const float> a, std::span<const float> b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += std::abs(double{a[i]} - double{b[i]});
  return total;
}

template <class T>
double largest_difference(std::span<const T> a, std::span<const T> b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  }
  return largest;
}

// One character per unit of time, a lane a device: the document's picture.
std::vector<std::string> picture(const Schedule& schedule, const Timeline& timeline, int units) {
  std::vector<std::string> lines;
  for (std::size_t d = 0; d < timeline.lanes.size(); ++d) {
    std::vector<std::string> cells(static_cast<std::size_t>(units), ".");
    for (std::size_t slot = 0; slot < timeline.lanes[d].size(); ++slot) {
      cells[static_cast<std::size_t>(timeline.lanes[d][slot].start.ps)] =
          label(schedule.lanes[d][slot]);
    }
    std::string& line = lines.emplace_back();
    for (const std::string& cell : cells) line += (line.empty() ? "" : " ") + cell;
  }
  return lines;
}

// The most that all devices' tensors take, at once on each, without what they hold all the time.
Bytes peak_activations(const Execution& execution) {
  Bytes total = 0;
  for (const DeviceUse& device : execution.run.outcome.devices) {
    total += device.peak - device.static_bytes;
  }
  return total;
}

PipelinedMlp notebook_network() {
  PipelinedMlp mlp{
      .layer_sizes = std::vector<int>(11, 256), .stages = 4, .micro_batches = 8, .rows = 4};
  mlp.layer_sizes.insert(mlp.layer_sizes.begin(), 128);
  mlp.layer_sizes.back() = 10;
  return mlp;
}

}  // namespace

TEST_SUITE("sim/execute/mission") {
  TEST_CASE("3: F-then-B over three devices, as drawn: twelve steps, a third of them bubble") {
    const Experiment experiment = assemble(PipelinedMlp{.stages = 3, .micro_batches = 4});
    const HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    Measured measured = executor.measure(host.batch);
    for (std::vector<Time>& times : measured.ops) std::ranges::fill(times, 1_ps);
    const Run run = measured_run(experiment, measured, allocations_of(executor, experiment));
    CHECK(picture(experiment.schedule, run.outcome.timeline, 12) ==
          std::vector<std::string>{"F0 F1 F2 F3 . . . . B3 B2 B1 B0",
                                   ". F0 F1 F2 F3 . . B3 B2 B1 B0 .",
                                   ". . F0 F1 F2 F3 B3 B2 B1 B0 . ."});
    CHECK(run.metrics.pipeline_time == 12_ps);
    CHECK(run.metrics.bubble_fraction.value() == 1.0 / 3);
  }

  TEST_CASE("3: forward and backward through the pipeline, with relu, tanh and linear") {
    for (const std::string activation : {"relu", "tanh", "linear"}) {
      for (const Clock clock : executed_clocks) {
        const Experiment experiment = assemble(
            PipelinedMlp{.activation = activation, .output_activation = activation, .stages = 3});
        const Execution execution = execute(experiment, {.clock = clock, .steps = 1});
        CHECK(execution.passed());
        CHECK(execution.loss ==
              doctest::Approx(Whole<double>(experiment).loss(HostBatch<double>(experiment).batch))
                  .epsilon(1e-13));
      }
    }
  }

  TEST_CASE("4: gradients averaged over micro-batches, then sgd, are a step on the mini-batch") {
    const Experiment experiment = assemble(notebook_network());
    const HostBatch<double> host(experiment);
    const Whole<double> whole(experiment);
    const StageParameters<double> gradient = whole.gradient(host.batch);
    for (const Clock clock : executed_clocks) {
      Executor<double> executor(experiment);
      run_step(executor, clock, host.batch);
      std::vector<double> expected(whole.parameters.all().begin(), whole.parameters.all().end());
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] -= 0.001 * gradient.all()[i];
      const std::vector<double> actual = test::parameters_of(executor, experiment);
      REQUIRE(actual.size() == expected.size());
      CHECK(largest_difference<double>(actual, expected) <= 1e-15);
      CHECK(largest_difference<double>(actual, whole.parameters.all()) > 1e-6);
    }
  }

  TEST_CASE("5: with re-computation F leaves its input alone, and the gradient has the same bits") {
    const Experiment kept = assemble(PipelinedMlp{.stages = 3});
    const Experiment again = assemble(PipelinedMlp{.stages = 3, .recompute = "full"});
    const HostBatch<double> host(kept);
    Executor<double> keeps(kept), recomputes(again);
    keeps.run(host.batch, Update::collect);
    recomputes.run(host.batch, Update::collect);
    for (int s = 0; s < 3; ++s) {
      const StagePlan& plan = keeps.stage(s).plan();
      for (int l = 0; l < plan.layer_count(); ++l) {
        CHECK(std::ranges::equal(recomputes.stage(s).gradient(l).weight.all(),
                                 keeps.stage(s).gradient(l).weight.all()));
      }
      const std::vector<AllocationEvent>& events = recomputes.allocations(s);
      const auto stashed = std::ranges::find_if(events, [](const AllocationEvent& event) {
        return event.slot == 0 && event.tag == MemoryTag::stash;
      });
      REQUIRE(stashed != events.end());
      CHECK(stashed->delta == plan.rows * plan.inputs() * Bytes{sizeof(double)});
    }
  }

  TEST_CASE("8: the training loop's mean loss falls, and is that of a loop without a pipeline") {
    Experiment experiment = test::assemble(notebook_network());
    experiment.config.training.samples = 256;
    experiment.config.training.epochs = 3;
    const TrainingLosses losses = train(experiment, [](const TrainingProgress&) {}).losses;
    REQUIRE(losses.size() == 3);
    CHECK(mean(losses[1]) < mean(losses[0]));
    CHECK(mean(losses[2]) < mean(losses[1]));

    const Samples<double> samples(experiment, 256);
    const Whole<double> whole(experiment);
    for (const std::vector<double>& epoch : losses) {
      REQUIRE(epoch.size() == 8);
      for (int b = 0; b < 8; ++b) {
        const MiniBatch<double> batch = samples.slice(b * 32, 32);
        CHECK(std::abs(epoch[static_cast<std::size_t>(b)] - whole.loss(batch)) <= 1e-12);
        const StageParameters<double> gradient = whole.gradient(batch);
        descend<double>(0.001, whole.parameters.all(), gradient.all());
      }
    }
  }

  // Every activation is as wide as the layers, so the factor is the same for 1024 and for 128.
  TEST_CASE("11: re-computation saves most of sixty linear layers' activations") {
    PipelinedMlp mlp{
        .layer_sizes = std::vector<int>(61, 128), .stages = 4, .rows = 16, .precision = "fp32"};
    const Bytes tensor = 16 * 128 * Bytes{sizeof(float)};  // One layer's, of a micro-batch.
    const ExecuteOptions once{.clock = Clock::measured, .steps = 1};
    const Execution kept = execute(assemble(mlp), once);
    mlp.recompute = "full";
    const Execution again = execute(assemble(mlp), once);
    CHECK(kept.passed());
    CHECK(again.passed());
    // A stage keeps its input and fifteen outputs of four micro-batches; or four inputs and the
    // inside of one. Beside it the gradients received and sent, the first stage's without the
    // latter, and two between the layers.
    CHECK(peak_activations(kept) == (4 * (4 * 16 + 2 + 2) - 1) * tensor);
    CHECK(peak_activations(again) == (4 * (4 + 15 + 2 + 2) - 1) * tensor);
    CHECK(static_cast<double>(peak_activations(kept)) /
              static_cast<double>(peak_activations(again)) ==
          doctest::Approx(271.0 / 91));
  }

  TEST_CASE("12: Linear(10,10)-ReLU-Linear(10,10), K=2, M=4, batch 16: the same gradients") {
    const Experiment experiment = assemble(PipelinedMlp{
        .layer_sizes = {10, 10, 10}, .micro_batches = 4, .rows = 4, .precision = "fp32"});
    const HostBatch<float> host(experiment);
    REQUIRE(host.batch.inputs.rows == 16);
    const Whole<float> whole(experiment);
    const StageParameters<float> expected = whole.gradient(host.batch);
    for (const Clock clock : executed_clocks) {
      Executor<float> executor(experiment);
      run_step(executor, clock, host.batch, Update::collect);
      double difference = 0;
      double size = 0;
      for (int l = 0; l < 2; ++l) {
        const LinearParameters<float> actual = executor.stage(l).gradient(0);
        const LinearParameters<float> reference = expected.layer(l);
        difference += total_difference(actual.weight.all(), reference.weight.all());
        difference += total_difference(actual.bias, reference.bias);
        size += total_difference(actual.weight.all(), std::vector<float>(100));
      }
      CHECK(difference < 1e-5);
      CHECK(size > 0.1);  // It is a gradient at all.
    }
  }

  TEST_CASE("13: a 128 x 512 mini-batch goes through the pipeline as 8 micro-batches of 16 x 512") {
    const Experiment experiment = assemble(
        PipelinedMlp{.layer_sizes = {512, 8, 4}, .stages = 2, .micro_batches = 8, .rows = 16});
    const HostBatch<double> host(experiment);
    REQUIRE(host.batch.inputs.rows == 128);
    for (int m = 0; m < 8; ++m) {
      const Matrix<const double> part = micro_batch(host.batch.inputs, m, 8);
      CHECK(part.rows == 16);
      CHECK(part.columns == 512);
      CHECK(part.data == host.batch.inputs.data + m * 16 * 512);
    }
    CHECK(execute(experiment, {.clock = Clock::wall, .steps = 1}).passed());
  }
}

}  // namespace pipesim

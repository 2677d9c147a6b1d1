#pragma once

#include <random>
#include <string>
#include <vector>

#include "sim/assemble/assemble.hpp"
#include "sim/execute/workers/executor.hpp"
#include "sim/execute/workers/samples.hpp"

namespace pipesim::test {

/// A multi-layer perceptron in a pipeline, as a test varies it; what is not set is the config's
/// default.
struct PipelinedMlp {
  std::vector<int> layer_sizes{5, 7, 6, 4, 8, 3};
  std::string activation = "relu";
  std::string output_activation = "linear";
  std::string schedule = "gpipe";
  int stages = 2;
  int micro_batches = 4;
  int rows = 2;  ///< Samples of a micro-batch.
  std::string partition = "\"uniform\"";
  std::string recompute = "none";
  std::string placement = "eager";
  std::string communication = "overlapped";
  std::string weight_gradient = "accumulated";
  std::string optimizer = "sgd";
  std::string precision = "fp64";
};

Experiment assemble(const PipelinedMlp& mlp);

/// As a line, for where a test captures which one it has.
std::string describe(const PipelinedMlp& mlp);

/// What can be kept, computed again or put off: each combination that a config may ask for.
struct BackwardMode {
  std::string recompute = "none";
  std::string placement = "eager";
  std::string weight_gradient = "accumulated";
};
const std::vector<BackwardMode>& backward_modes();

/// With at least as many layers as stages, of random width and activation, cut at random places; a
/// random number of micro-batches, precision and optimizer.
PipelinedMlp random_mlp(std::mt19937& random, int stages, const BackwardMode& mode);

/// The experiment's mini-batch.
template <class T>
struct HostBatch {
  Samples<T> samples;
  MiniBatch<T> batch;

  explicit HostBatch(const Experiment& experiment)
      : samples(experiment, static_cast<int>(experiment.config.training.batch_size)),
        batch(samples.slice(0, static_cast<int>(experiment.config.training.batch_size))) {}
};

/// One step under either executed clock.
template <class T>
void run_step(Executor<T>& executor, Clock clock, const MiniBatch<T>& batch,
              Update update = Update::apply) {
  if (clock == Clock::wall) {
    executor.run(batch, update);
  } else {
    executor.measure(batch, update);
  }
}

/// All weights and biases, in the network's order.
template <class T>
std::vector<T> parameters_of(const Executor<T>& executor, const Experiment& experiment) {
  std::vector<T> all;
  for (int s = 0; s < experiment.schedule.stages(); ++s) {
    const std::span<T> of_stage = executor.stage(s).parameters().all();
    all.insert(all.end(), of_stage.begin(), of_stage.end());
  }
  return all;
}

template <class T>
std::vector<std::vector<AllocationEvent>> allocations_of(const Executor<T>& executor,
                                                         const Experiment& experiment) {
  std::vector<std::vector<AllocationEvent>> all;
  for (int d = 0; d < experiment.schedule.devices(); ++d) all.push_back(executor.allocations(d));
  return all;
}

/// Replaces the schedule's order and placement by another's, after check_schedule.
void set_schedule(Experiment& experiment, const Schedule& schedule);

/// The same with lanes that a test has written.
void set_schedule(Experiment& experiment, const std::vector<int>& placement,
                  const std::vector<std::string>& lanes);

}  // namespace pipesim::test

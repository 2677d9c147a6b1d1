#include "sim/execute/train.hpp"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <numeric>

#include "sim/execute/execute.hpp"
#include "sim/execute/workers/samples.hpp"

namespace pipesim {

namespace {

void check_samples(const Config& config) {
  const Training& training = config.training;
  const Source& source = *config.source;
  if (training.samples % training.batch_size != 0) {
    throw source.error("/training/samples",
                       fmt::format("must be a multiple of the batch size {}", training.batch_size),
                       std::to_string(training.samples),
                       "every step takes a whole mini-batch: change one of the two");
  }
  if (training.samples > std::numeric_limits<int>::max()) {
    throw source.error("/training/samples", "is more than can be trained on",
                       std::to_string(training.samples), "use fewer samples");
  }
}

template <class T>
TrainingLosses train_in(const Experiment& experiment,
                        const std::function<void(const TrainingProgress&)>& report) {
  const Training& training = experiment.config.training;
  const auto batch_size = static_cast<int>(training.batch_size);
  const int mini_batches = static_cast<int>(training.samples / training.batch_size);
  const Samples<T> samples(experiment, static_cast<int>(training.samples));
  Executor<T> executor(experiment);
  TrainingLosses losses;
  const auto start = std::chrono::steady_clock::now();
  for (int epoch = 0; epoch < training.epochs; ++epoch) {
    std::vector<double>& of_epoch = losses.emplace_back();
    for (int b = 0; b < mini_batches; ++b) {
      executor.run(samples.slice(b * batch_size, batch_size));
      of_epoch.push_back(executor.loss());
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      report({.epoch = epoch,
              .mini_batch = b,
              .mini_batches = mini_batches,
              .loss = of_epoch.back(),
              .elapsed_s = elapsed.count()});
    }
  }
  return losses;
}

}  // namespace

double mean(const std::vector<double>& losses) {
  return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
}

void check_trainable(const Config& config) {
  check_executable(config);
  check_samples(config);
}

TrainingResult train(const Experiment& experiment,
                     const std::function<void(const TrainingProgress&)>& report) {
  check_samples(experiment.config);
  TrainingResult result{.prediction =
                            simulate(experiment, {.timeline = false, .breakdown = false})};
  check_executable(experiment, result.prediction,
                   {.clock = Clock::wall, .samples = experiment.config.training.samples});
  if (result.prediction.outcome.deadlock) return result;
  result.losses = experiment.config.training.precision == Precision::fp64
                      ? train_in<double>(experiment, report)
                      : train_in<float>(experiment, report);
  return result;
}

}  // namespace pipesim

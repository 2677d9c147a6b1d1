#include "sim/execute/effort.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "sim/execute/workers/stage_plan.hpp"
#include "sim/kernels/linear.hpp"

namespace pipesim {

namespace {

// Rows and columns of the product that is measured: the model's own, within what takes
// milliseconds.
struct ProbeShape {
  int rows = 0;
  int columns = 0;
};

ProbeShape probe_shape(const Config& config) {
  const std::vector<int>& sizes = config.mlp->layer_sizes;
  const std::int64_t rows = config.training.batch_size / config.training.micro_batches;
  return {.rows = static_cast<int>(std::clamp<std::int64_t>(rows, 1, 256)),
          .columns = std::clamp(std::ranges::max(sizes), 1, 1024)};
}

template <class T>
double product_rate(const ProbeShape& shape) {
  const auto columns = static_cast<std::size_t>(shape.columns);
  const auto elements = static_cast<std::size_t>(shape.rows) * columns;
  std::vector<T> x(elements, T{1});
  std::vector<T> y(elements);
  std::vector<T> weight(columns * columns, T{1});
  std::vector<T> bias(columns);
  const LinearParameters<const T> layer{
      .weight = {.data = weight.data(), .rows = shape.columns, .columns = shape.columns},
      .bias = bias};
  constexpr std::chrono::milliseconds long_enough{5};
  std::chrono::duration<double> best{1e9};
  const auto begin = std::chrono::steady_clock::now();
  for (int times = 0; times < 3 || std::chrono::steady_clock::now() - begin < long_enough;
       ++times) {
    const auto start = std::chrono::steady_clock::now();
    linear_forward<T>({.data = x.data(), .rows = shape.rows, .columns = shape.columns}, layer,
                      {.data = y.data(), .rows = shape.rows, .columns = shape.columns});
    best = std::min<std::chrono::duration<double>>(best, std::chrono::steady_clock::now() - start);
  }
  const double flops = 2.0 * static_cast<double>(elements) * shape.columns;
  return flops / std::max(best.count(), 1e-9);
}

double busy_cores(const Config& config) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  return std::min<double>(cores, config.pipeline.stages);
}

// Even a slow core does so many in a few seconds.
constexpr double few_flops = 1e10;

double seconds_of(const Config& config, double flops) {
  if (flops < few_flops) return 0;
  const ProbeShape shape = probe_shape(config);
  const double rate = config.training.precision == Precision::fp64 ? product_rate<double>(shape)
                                                                   : product_rate<float>(shape);
  return flops / rate;
}

}  // namespace

double step_flops(const Config& config) {
  double per_sample = 0;
  for (const LayerShape& layer : layer_shapes(*config.mlp)) {
    per_sample += 2.0 * layer.inputs * layer.outputs;
  }
  const bool again = config.pipeline.recompute != Recompute::none;
  return (again ? 4 : 3) * per_sample * static_cast<double>(config.training.batch_size);
}

double execution_seconds(const Config& config, Clock clock, int steps) {
  const double cores = clock == Clock::wall ? busy_cores(config) : 1;
  constexpr double without_pipeline = 2;
  return seconds_of(config, step_flops(config) * ((steps + 2.0) / cores + without_pipeline));
}

double training_seconds(const Config& config) {
  const Training& training = config.training;
  const double mini_batches =
      static_cast<double>(training.samples) / static_cast<double>(training.batch_size);
  return seconds_of(config,
                    step_flops(config) * mini_batches * training.epochs / busy_cores(config));
}

}  // namespace pipesim

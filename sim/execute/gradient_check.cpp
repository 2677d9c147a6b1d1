#include "sim/execute/gradient_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "sim/execute/unpipelined.hpp"

namespace pipesim {

namespace {

// max|Δ| / max|g|; infinite where a value is no number.
template <class T>
double relative_error(std::span<const T> actual, std::span<const T> expected) {
  double difference = 0;
  double largest = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double delta =
        std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i]));
    if (!std::isfinite(delta)) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, delta);
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  if (difference == 0) return 0;
  return largest == 0 ? std::numeric_limits<double>::infinity() : difference / largest;
}

// NaNs count as equal whatever their bits, which the processor chooses.
template <class T>
bool same_bits(std::span<const T> a, std::span<const T> b) {
  if (std::memcmp(a.data(), b.data(), a.size_bytes()) == 0) return true;
  return std::ranges::equal(a, b, [](T x, T y) {
    return std::memcmp(&x, &y, sizeof(T)) == 0 || (std::isnan(x) && std::isnan(y));
  });
}

template <class T>
bool all_finite(std::span<const T> values) {
  return std::ranges::all_of(values, [](T value) { return std::isfinite(value); });
}

int copies_of_stages(const Schedule& schedule) {
  return schedule.bidirectional() ? 2 : 1;
}

// The micro-batches whose weight gradients a stage adds, in its order: those of each copy.
std::vector<std::vector<int>> accumulation_order(const Schedule& schedule, int stage) {
  std::vector<std::vector<int>> order;
  for (int copy = 0; copy < copies_of_stages(schedule); ++copy) {
    std::vector<int>& of_copy = order.emplace_back();
    const int device = schedule.device_of(stage, copy);
    for (const Op& op : schedule.lanes[static_cast<std::size_t>(device)]) {
      const bool adds = makes_weight_gradient(op.kind);
      const bool is_here = op.stage == stage && op.copy == copy && op.micro_batch >= 0;
      if (adds && is_here) of_copy.push_back(op.micro_batch);
    }
  }
  return order;
}

// A pipelined network's layers, in order, with what the pipeline computed for them: the gradient
// once for each copy of the stage.
template <class T>
struct Layers {
  std::vector<LayerShape> shapes{};
  std::vector<LinearParameters<T>> parameters{};
  std::vector<std::vector<LinearParameters<T>>> gradients{};  ///< [layer][copy]
  Passes same_order{};

  Layers(const Experiment& experiment, const Executor<T>& executor) {
    const Schedule& schedule = experiment.schedule;
    same_order.count = schedule.micro_batches;
    for (int s = 0; s < schedule.stages(); ++s) {
      const StageWorker<T>& stage = executor.stage(s);
      for (int l = 0; l < stage.plan().layer_count(); ++l) {
        shapes.push_back(stage.plan().layers[static_cast<std::size_t>(l)]);
        parameters.push_back(stage.parameters().layer(l));
        std::vector<LinearParameters<T>>& of_layer = gradients.emplace_back();
        for (int copy = 0; copy < copies_of_stages(schedule); ++copy) {
          of_layer.push_back(executor.stage(s, copy).gradient(l));
        }
        if (!stage.plan().deferred_weight_gradient) {
          same_order.order.push_back(accumulation_order(schedule, s));
        }
      }
    }
  }
};

}  // namespace

template <class T>
GradientCheck check_gradients(const Experiment& experiment, const Executor<T>& executor,
                              const MiniBatch<T>& batch) {
  const Layers<T> layers(experiment, executor);
  GradientCheck check{.tolerance = sizeof(T) == sizeof(double) ? 1e-12 : 1e-5, .same_bits = true};
  const auto compare = [&](const Passes& passes, auto&& visit) {
    const StageParameters<T> expected =
        gradient_without_pipeline(layers.shapes, layers.parameters, batch, passes);
    for (std::size_t l = 0; l < layers.shapes.size(); ++l) {
      const LinearParameters<T> reference = expected.layer(static_cast<int>(l));
      for (const LinearParameters<T>& actual : layers.gradients[l]) {
        visit(l, "weights", std::span<const T>(actual.weight.all()),
              std::span<const T>(reference.weight.all()));
        visit(l, "biases", std::span<const T>(actual.bias), std::span<const T>(reference.bias));
      }
    }
  };
  // All samples at once, layer by layer.
  compare({.rows_at_a_time = batch.inputs.rows / layers.same_order.count},
          [&](std::size_t layer, const char* what, std::span<const T> actual,
              std::span<const T> expected) {
            const double error = relative_error(actual, expected);
            check.finite = check.finite && all_finite(actual) && all_finite(expected);
            if (check.tensor.empty() || error > check.largest_error) {
              check.largest_error = error;
              check.tensor = fmt::format("layer {} {}", layer, what);
            }
          });
  compare(layers.same_order,
          [&](std::size_t, const char*, std::span<const T> actual, std::span<const T> expected) {
            check.same_bits = check.same_bits && same_bits(actual, expected);
          });
  return check;
}

template GradientCheck check_gradients(const Experiment&, const Executor<float>&,
                                       const MiniBatch<float>&);
template GradientCheck check_gradients(const Experiment&, const Executor<double>&,
                                       const MiniBatch<double>&);

}  // namespace pipesim

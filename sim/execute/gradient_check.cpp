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

template <class T>
bool same_bits(std::span<const T> a, std::span<const T> b) {
  return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

// The micro-batches whose weight gradients a stage adds, in its order.
std::vector<int> accumulation_order(const Schedule& schedule, int stage) {
  std::vector<int> order;
  const int device = schedule.placement[static_cast<std::size_t>(stage)];
  for (const Op& op : schedule.lanes[static_cast<std::size_t>(device)]) {
    const bool adds = op.kind == OpKind::backward || op.kind == OpKind::backward_weight;
    if (adds && op.stage == stage && op.micro_batch >= 0) order.push_back(op.micro_batch);
  }
  return order;
}

// A pipelined network's layers, in order, with what the pipeline computed for them.
template <class T>
struct Layers {
  std::vector<LayerShape> shapes{};
  std::vector<LinearParameters<T>> parameters{};
  std::vector<LinearParameters<T>> gradients{};
  Passes same_order{};

  Layers(const Experiment& experiment, const Executor<T>& executor) {
    const Schedule& schedule = experiment.schedule;
    same_order.count = schedule.micro_batches;
    for (int s = 0; s < schedule.stages(); ++s) {
      const StageWorker<T>& stage = executor.stage(s);
      for (int l = 0; l < stage.plan().layer_count(); ++l) {
        shapes.push_back(stage.plan().layers[static_cast<std::size_t>(l)]);
        parameters.push_back(stage.parameters().layer(l));
        gradients.push_back(stage.gradient(l));
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
      const LinearParameters<T>& actual = layers.gradients[l];
      visit(l, "weights", std::span<const T>(actual.weight.all()),
            std::span<const T>(reference.weight.all()));
      visit(l, "biases", std::span<const T>(actual.bias), std::span<const T>(reference.bias));
    }
  };
  // All samples at once, layer by layer.
  compare({.rows_at_a_time = batch.inputs.rows / layers.same_order.count},
          [&](std::size_t layer, const char* what, std::span<const T> actual,
              std::span<const T> expected) {
            const double error = relative_error(actual, expected);
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

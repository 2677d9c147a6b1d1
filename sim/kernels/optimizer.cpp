#include "sim/kernels/optimizer.hpp"

#include <cmath>
#include <cstddef>

namespace pipesim {

// Plain loops, which the compiler turns into vectors: no more than memory is fast. Eigen's would
// take its approximate square root for floats, one that depends on alignment and processor.
namespace {

template <class T>
void sgd(const OptimizerSettings& settings, const OptimizerView<T>& view) {
  const T rate = static_cast<T>(settings.learning_rate);
  T* const w = view.weights.data();
  T* const g = view.gradient.data();
  for (std::size_t i = 0; i < view.weights.size(); ++i) {
    w[i] -= rate * g[i];
    g[i] = 0;
  }
}

template <class T>
void momentum(const OptimizerSettings& settings, const OptimizerView<T>& view) {
  const T rate = static_cast<T>(settings.learning_rate);
  const T decay = static_cast<T>(settings.momentum);
  T* const w = view.weights.data();
  T* const g = view.gradient.data();
  T* const v = view.first.data();
  for (std::size_t i = 0; i < view.weights.size(); ++i) {
    v[i] = decay * v[i] + g[i];
    w[i] -= rate * v[i];
    g[i] = 0;
  }
}

template <class T>
void rmsprop(const OptimizerSettings& settings, const OptimizerView<T>& view) {
  const T rate = static_cast<T>(settings.learning_rate);
  const T decay = static_cast<T>(settings.smoothing);
  const T rest = static_cast<T>(1 - settings.smoothing);
  const T epsilon = static_cast<T>(settings.epsilon);
  T* const w = view.weights.data();
  T* const g = view.gradient.data();
  T* const s = view.first.data();
  for (std::size_t i = 0; i < view.weights.size(); ++i) {
    s[i] = decay * s[i] + rest * (g[i] * g[i]);
    w[i] -= rate * g[i] / (std::sqrt(s[i]) + epsilon);
    g[i] = 0;
  }
}

template <class T>
void adam(const OptimizerSettings& settings, int step, const OptimizerView<T>& view) {
  const T rate = static_cast<T>(settings.learning_rate);
  const T decay_of_mean = static_cast<T>(settings.decay_of_mean);
  const T decay_of_square = static_cast<T>(settings.decay_of_square);
  const T rest_of_mean = static_cast<T>(1 - settings.decay_of_mean);
  const T rest_of_square = static_cast<T>(1 - settings.decay_of_square);
  const T weight_of_mean = static_cast<T>(1 - std::pow(settings.decay_of_mean, step));
  const T weight_of_square = static_cast<T>(1 - std::pow(settings.decay_of_square, step));
  const T epsilon = static_cast<T>(settings.epsilon);
  T* const w = view.weights.data();
  T* const g = view.gradient.data();
  T* const m = view.first.data();
  T* const v = view.second.data();
  for (std::size_t i = 0; i < view.weights.size(); ++i) {
    m[i] = decay_of_mean * m[i] + rest_of_mean * g[i];
    v[i] = decay_of_square * v[i] + rest_of_square * (g[i] * g[i]);
    w[i] -= rate * (m[i] / weight_of_mean) / (std::sqrt(v[i] / weight_of_square) + epsilon);
    g[i] = 0;
  }
}

}  // namespace

template <class T>
void update(const OptimizerSettings& settings, int step, const OptimizerView<T>& view) {
  switch (settings.kind) {
    case Optimizer::sgd:
      return sgd(settings, view);
    case Optimizer::momentum:
      return momentum(settings, view);
    case Optimizer::rmsprop:
      return rmsprop(settings, view);
    case Optimizer::adam:
      return adam(settings, step, view);
  }
}

template <class T>
void descend(double learning_rate, std::span<T> weights, std::span<const T> direction) {
  const T rate = static_cast<T>(learning_rate);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] -= rate * direction[i];
}

template void update(const OptimizerSettings&, int, const OptimizerView<float>&);
template void update(const OptimizerSettings&, int, const OptimizerView<double>&);
template void descend(double, std::span<float>, std::span<const float>);
template void descend(double, std::span<double>, std::span<const double>);

}  // namespace pipesim

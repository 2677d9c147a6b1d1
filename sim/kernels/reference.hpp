#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "sim/kernels/activation.hpp"
#include "sim/kernels/linear.hpp"
#include "sim/kernels/loss.hpp"
#include "sim/kernels/optimizer.hpp"

/// What every kernel computes, as the plain loops that define it: slow, for reading and for the
/// tests to compare with. Arguments and shapes are those of the kernels.
namespace pipesim::reference {

template <class T>
T& at(Matrix<T> matrix, int row, int column) {
  return matrix.row(row)[column];
}

/// x: n × inputs, layer: inputs × outputs and outputs, y: n × outputs.
template <class T>
void linear_forward(Matrix<const T> x, const LinearParameters<const T>& layer, Matrix<T> y) {
  for (int n = 0; n < y.rows; ++n) {
    for (int o = 0; o < y.columns; ++o) {
      T sum = layer.bias[static_cast<std::size_t>(o)];
      for (int i = 0; i < x.columns; ++i) sum += at(x, n, i) * at(layer.weight, i, o);
      at(y, n, o) = sum;
    }
  }
}

/// dy: n × outputs, weight: inputs × outputs, dx: n × inputs.
template <class T>
void linear_backward_input(Matrix<const T> dy, Matrix<const T> weight, Matrix<T> dx) {
  for (int n = 0; n < dx.rows; ++n) {
    for (int i = 0; i < dx.columns; ++i) {
      T sum = 0;
      for (int o = 0; o < dy.columns; ++o) sum += at(dy, n, o) * at(weight, i, o);
      at(dx, n, i) = sum;
    }
  }
}

/// x: n × inputs, dy: n × outputs, target: inputs × outputs and outputs.
template <class T>
void linear_backward_weight(Matrix<const T> x, Matrix<const T> dy, T alpha, T beta,
                            const LinearParameters<T>& target) {
  const auto add = [&](T& to, T sum) { to = (beta == 0 ? T{0} : beta * to) + alpha * sum; };
  for (int o = 0; o < dy.columns; ++o) {
    for (int i = 0; i < x.columns; ++i) {
      T sum = 0;
      for (int n = 0; n < dy.rows; ++n) sum += at(x, n, i) * at(dy, n, o);
      add(at(target.weight, i, o), sum);
    }
    double sum = 0;
    for (int n = 0; n < dy.rows; ++n) sum += at(dy, n, o);
    add(target.bias[static_cast<std::size_t>(o)], static_cast<T>(sum));
  }
}

/// act(z) of one element.
template <class T>
T activated(Activation activation, T z) {
  switch (activation) {
    case Activation::relu:
      return z < 0 ? T{0} : z;
    case Activation::tanh:
      return std::tanh(z);
    case Activation::linear:
      return z;
  }
  return z;
}

/// act'(z) of one element, from y = act(z).
template <class T>
T slope(Activation activation, T y) {
  switch (activation) {
    case Activation::relu:
      return y > 0 ? T{1} : T{0};
    case Activation::tanh:
      return 1 - y * y;
    case Activation::linear:
      return 1;
  }
  return 1;
}

/// y: any shape.
template <class T>
void activate(Activation activation, Matrix<T> y) {
  for (T& value : y.all()) value = activated(activation, value);
}

/// y, dy, dz: one shape.
template <class T>
void activation_backward(Activation activation, Matrix<const T> y, Matrix<const T> dy,
                         Matrix<T> dz) {
  for (std::size_t i = 0; i < dz.size(); ++i) {
    dz.data[i] = dy.data[i] * slope(activation, y.data[i]);
  }
}

/// y, target: n × outputs.
template <class T>
double squared_error(Matrix<const T> y, Matrix<const T> target) {
  double sum = 0;
  for (int n = 0; n < y.rows; ++n) {
    for (int o = 0; o < y.columns; ++o) {
      const double difference = double{at(y, n, o)} - double{at(target, n, o)};
      sum += difference * difference;
    }
  }
  return sum;
}

/// y, target, dy: n × outputs.
template <class T>
void squared_error_backward(Matrix<const T> y, Matrix<const T> target, double elements,
                            Matrix<T> dy) {
  for (int n = 0; n < y.rows; ++n) {
    for (int o = 0; o < y.columns; ++o) {
      const double difference = double{at(y, n, o)} - double{at(target, n, o)};
      at(dy, n, o) = static_cast<T>(2 * difference / elements);
    }
  }
}

/// One parameter w with its gradient g and its states, at a step that counts from 1. Constants are
/// worked out in double and rounded once.
template <class T>
void update_one(const OptimizerSettings& settings, int step, T& w, T g, T* first, T* second) {
  const auto in_t = [](double value) { return static_cast<T>(value); };
  const T eta = in_t(settings.learning_rate);
  const T epsilon = in_t(settings.epsilon);
  switch (settings.kind) {
    case Optimizer::sgd: {
      w -= eta * g;
      return;
    }
    case Optimizer::momentum: {
      T& v = *first;
      v = in_t(settings.momentum) * v + g;
      w -= eta * v;
      return;
    }
    case Optimizer::rmsprop: {
      T& s = *first;
      s = in_t(settings.smoothing) * s + in_t(1 - settings.smoothing) * (g * g);
      w -= eta * g / (std::sqrt(s) + epsilon);
      return;
    }
    case Optimizer::adam: {
      const double beta1 = settings.decay_of_mean;
      const double beta2 = settings.decay_of_square;
      T& m = *first;
      T& v = *second;
      m = in_t(beta1) * m + in_t(1 - beta1) * g;
      v = in_t(beta2) * v + in_t(1 - beta2) * (g * g);
      const T mean = m / in_t(1 - std::pow(beta1, step));
      const T square = v / in_t(1 - std::pow(beta2, step));
      w -= eta * mean / (std::sqrt(square) + epsilon);
      return;
    }
  }
}

/// Every run of the view: one length, or empty.
template <class T>
void update(const OptimizerSettings& settings, int step, const OptimizerView<T>& view) {
  for (std::size_t i = 0; i < view.weights.size(); ++i) {
    update_one(settings, step, view.weights[i], view.gradient[i],
               view.first.empty() ? nullptr : &view.first[i],
               view.second.empty() ? nullptr : &view.second[i]);
    view.gradient[i] = 0;
  }
}

/// weights, direction: one length.
template <class T>
void descend(double learning_rate, std::span<T> weights, std::span<const T> direction) {
  const T eta = static_cast<T>(learning_rate);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] -= eta * direction[i];
}

}  // namespace pipesim::reference

#pragma once

#include <span>
#include <type_traits>

#include "sim/kernels/matrix.hpp"

namespace pipesim {

/// What a linear layer keeps for each of its parameters: the parameter itself, or its gradient, or
/// a state of the optimizer. T is float or double, const for reading.
template <class T>
struct LinearParameters {
  Matrix<T> weight{};   ///< inputs × outputs
  std::span<T> bias{};  ///< outputs

  operator LinearParameters<const T>() const requires(!std::is_const_v<T>) {
    return {.weight = weight, .bias = bias};
  }
};

// Products of activations and weights round differently for few rows than for many, each kind with
// kernels of its own (sim/kernels/few_rows.hpp, OpenBLAS).

/// y = x W + b. x: n × inputs, y: n × outputs, b added to every row. y must not overlap x.
template <class T>
void linear_forward(Matrix<const T> x, const LinearParameters<const T>& layer, Matrix<T> y);

/// dx = dy Wᵀ: the gradient of the layer's input. dy: n × outputs, dx: n × inputs.
template <class T>
void linear_backward_input(Matrix<const T> dy, Matrix<const T> weight, Matrix<T> dx);

/// target = beta·target + alpha·(xᵀ dy, the sum of dy's rows): the gradient of the layer's weights
/// and biases. x: n × inputs, dy: n × outputs.
/// alpha 1, beta 1 accumulates a gradient over micro-batches; alpha -learning_rate, beta 1 on the
/// weights themselves is a step of gradient descent without a gradient buffer.
template <class T>
void linear_backward_weight(Matrix<const T> x, Matrix<const T> dy, T alpha, T beta,
                            const LinearParameters<T>& target);

}  // namespace pipesim

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "sim/kernels/linear.hpp"

namespace pipesim::test {

/// A matrix that owns its elements, `offset` of them into a larger block.
template <class T>
class Tensor {
 public:
  Tensor(int rows, int columns, std::size_t offset = 0)
      : block_(offset + Matrix<T>{nullptr, rows, columns}.size()),
        offset_(offset),
        rows_(rows),
        columns_(columns) {}

  Matrix<T> view() { return {.data = block_.data() + offset_, .rows = rows_, .columns = columns_}; }
  std::span<T> all() { return view().all(); }
  std::vector<T> values() { return {all().begin(), all().end()}; }
  operator Matrix<T>() { return view(); }
  operator Matrix<const T>() { return view(); }

 private:
  std::vector<T> block_;
  std::size_t offset_ = 0;
  int rows_ = 0;
  int columns_ = 0;
};

/// Multiples of 2^-20 from -1 to 1: the same in float as in double.
template <class T>
void fill_randomly(std::span<T> values, std::uint32_t seed) {
  std::mt19937 random(seed);
  for (T& value : values) {
    value = static_cast<T>(static_cast<int>(random() % 2097153) - 1048576) / 1048576;
  }
}

template <class T>
Tensor<T> random_tensor(int rows, int columns, std::uint32_t seed, std::size_t offset = 0) {
  Tensor<T> tensor(rows, columns, offset);
  fill_randomly(tensor.all(), seed);
  return tensor;
}

/// A linear layer that owns its parameters, or its gradients.
template <class T>
struct OwnedLayer {
  Tensor<T> weight;
  Tensor<T> bias;

  OwnedLayer(int inputs, int outputs, std::size_t offset = 0)
      : weight(inputs, outputs, offset), bias(1, outputs, offset) {}

  LinearParameters<T> view() { return {.weight = weight, .bias = bias.all()}; }
};

template <class T>
OwnedLayer<T> random_layer(int inputs, int outputs, std::uint32_t seed, std::size_t offset = 0) {
  OwnedLayer<T> layer(inputs, outputs, offset);
  fill_randomly(layer.weight.all(), seed);
  fill_randomly(layer.bias.all(), seed + 1000);
  return layer;
}

/// The largest difference, as a part of the largest expected value. A NaN makes it infinite.
template <class T>
double relative_error(std::span<T> actual, std::span<T> expected) {
  double difference = 0;
  double scale = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double apart = std::abs(double{actual[i]} - double{expected[i]});
    difference = std::max(difference, std::isnan(apart) ? INFINITY : apart);
    scale = std::max(scale, std::abs(double{expected[i]}));
  }
  return difference / scale;
}

/// How far a kernel may be from its reference when the order of additions differs.
template <class T>
constexpr double tolerance = sizeof(T) == sizeof(float) ? 1e-5 : 1e-13;

}  // namespace pipesim::test

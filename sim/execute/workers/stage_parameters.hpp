#pragma once

#include <vector>

#include "sim/execute/workers/block.hpp"
#include "sim/execute/workers/stage_plan.hpp"
#include "sim/kernels/linear.hpp"

namespace pipesim {

/// One value for every parameter of a stage, in one block: layer after layer, each its weights and
/// then its biases.
template <class T>
class StageParameters {
 public:
  StageParameters() = default;
  /// `block` holds that many values of T; empty: there are none.
  StageParameters(const StagePlan& plan, Block block) : block_(std::move(block)) {
    if (!block_) return;
    T* next = block_.template as<T>();
    for (const LayerShape& shape : plan.layers) {
      const Matrix<T> weight{.data = next, .rows = shape.inputs, .columns = shape.outputs};
      T* bias = next + weight.size();
      const auto outputs = static_cast<std::size_t>(shape.outputs);
      layers_.push_back({.weight = weight, .bias = {bias, outputs}});
      next = bias + outputs;
    }
    all_ = {block_.template as<T>(), static_cast<std::size_t>(next - block_.template as<T>())};
  }

  explicit operator bool() const { return static_cast<bool>(block_); }
  LinearParameters<T> layer(int index) const { return layers_[static_cast<std::size_t>(index)]; }
  std::span<T> all() const { return all_; }
  /// A layer's parameters as one run of values.
  std::span<T> run(int index) const {
    const LinearParameters<T>& parameters = layers_[static_cast<std::size_t>(index)];
    return {parameters.weight.data, parameters.weight.size() + parameters.bias.size()};
  }

 private:
  Block block_{};
  std::vector<LinearParameters<T>> layers_{};
  std::span<T> all_{};
};

}  // namespace pipesim

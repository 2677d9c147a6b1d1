#pragma once

#include <vector>

#include "sim/execute/data/data_set.hpp"
#include "sim/execute/workers/stage_worker.hpp"
#include "sim/step/experiment.hpp"

namespace pipesim {

/// Samples of the synthetic data set in memory of their own, the host's.
template <class T>
class Samples {
 public:
  /// The first `count`, for an experiment whose model is an mlp.
  Samples(const Experiment& experiment, int count) {
    const std::vector<int>& sizes = experiment.config.mlp.value().layer_sizes;
    const auto hold = [&](int columns) {
      Block& block = blocks_.emplace_back(Bytes{count} * columns * static_cast<Bytes>(sizeof(T)));
      return Matrix<T>{block.as<T>(), count, columns};
    };
    const Matrix<T> inputs = hold(sizes.front());
    const Matrix<T> targets = hold(sizes.back());
    draw_samples(experiment.config.training.seed, 0, inputs, targets);
    all_ = {.inputs = inputs, .targets = targets};
  }

  /// `count` of them from `first` on.
  MiniBatch<T> slice(int first, int count) const {
    return {.inputs = all_.inputs.slice(first, count), .targets = all_.targets.slice(first, count)};
  }

 private:
  std::vector<Block> blocks_{};
  MiniBatch<T> all_{};
};

}  // namespace pipesim

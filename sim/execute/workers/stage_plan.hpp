#pragma once

#include <cstdint>
#include <vector>

#include "models/network/mlp.hpp"
#include "sim/kernels/optimizer.hpp"

namespace pipesim {

struct Experiment;

/// y = act(x W + b), x of `inputs` values a sample, y of `outputs`.
struct LayerShape {
  int inputs = 0;
  int outputs = 0;
  Activation activation = Activation::linear;

  std::int64_t parameters() const { return (std::int64_t{inputs} + 1) * outputs; }
};

/// All layers of a multi-layer perceptron.
std::vector<LayerShape> layer_shapes(const Mlp& mlp);

/// What one stage runs: its layers, and where it stands in the step.
struct StagePlan {
  std::vector<LayerShape> layers{};
  int first_layer = 0;  ///< Of the network.
  bool is_first = true;
  bool is_last = true;
  int micro_batches = 1;
  int rows = 1;               ///< Samples of a micro-batch.
  int kept_micro_batch = -1;  ///< As schedules/core/recompute.hpp; counts only with recompute.
  bool recompute = false;     ///< F keeps the stage's input alone.
  bool deferred_weight_gradient = false;
  bool received_input = false;  ///< As in StagePlace, like the next.
  bool received_gradient = false;
  OptimizerSettings optimizer{};
  std::int64_t seed = 0;

  int layer_count() const { return static_cast<int>(layers.size()); }
  int inputs() const { return layers.front().inputs; }
  int outputs() const { return layers.back().outputs; }
  bool keeps_insides(int micro_batch) const {
    return !recompute || micro_batch == kept_micro_batch;
  }
  std::int64_t parameters() const;
  /// Values between the stage's layers, a sample: the outputs of all but the last.
  std::int64_t interior() const;
};

/// One plan for each stage of an experiment whose model is an mlp.
std::vector<StagePlan> stage_plans(const Experiment& experiment);

}  // namespace pipesim

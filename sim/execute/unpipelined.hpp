#pragma once

#include <vector>

#include "sim/execute/workers/stage_parameters.hpp"
#include "sim/execute/workers/stage_worker.hpp"

namespace pipesim {

/// How a mini-batch goes through a network that is not cut into stages.
struct Passes {
  int count = 1;  ///< Equal parts of the mini-batch, one after the other. 1: all of it at once.
  /// Rows that a product of activations and weights takes at a time; 0: all of the pass. How many
  /// they are decides how it rounds, and where a relu's input is within rounding of 0, that decides
  /// what it lets through: runs that shall be compared take as many.
  int rows_at_a_time = 0;
  /// order[layer][group]: in which order the passes' weight gradients are added. A layer has at
  /// least one group; the sums of the others are added to the first's. Empty: one product over the
  /// whole mini-batch.
  std::vector<std::vector<std::vector<int>>> order{};
};

/// The gradient of a mini-batch's loss without a pipeline: no stages, devices, messages or
/// re-computation, every tensor of every sample kept; the same kernels in a plain loop.
template <class T>
StageParameters<T> gradient_without_pipeline(const std::vector<LayerShape>& layers,
                                             const std::vector<LinearParameters<T>>& parameters,
                                             const MiniBatch<T>& batch, const Passes& passes);

}  // namespace pipesim

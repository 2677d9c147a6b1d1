#pragma once

#include "models/cost/stage_cost.hpp"
#include "models/device/device.hpp"
#include "models/settings/training.hpp"

namespace pipesim {

/// Bytes of a stage's weights on one device: those that all replicas hold, and its own experts.
struct StageWeights {
  Bytes dense = 0;
  Bytes experts = 0;
};

/// Sets what a stage holds all the time, and what its replicas sum, from the bytes of its weights
/// on one device: weights, gradients and optimizer states, each at its precision, and divided among
/// the replicas as training.zero_stage asks (Rajbhandari et al., arXiv:1910.02054).
/// A device's own experts are divided among the replicas of its expert group alone. Sets, too, what
/// an UNSHARD of the whole stage brings beside the shards.
void set_static_bytes(StageWeights weights, const Training& training, StageCost& cost);

/// Whether replicas divide weights among them that all of them hold, and a device's own experts.
struct Divided {
  bool dense = false;
  bool experts = false;
};
Divided divided_weights(const Training& training);

/// One update of so many bytes of weights, of which each replica takes its part from ZeRO stage 1
/// on. Where all is of one precision: weight and states are read and written, the gradient is read.
/// In mixed precision as Megatron-LM does it, kernel after kernel: gradients are copied to fp32,
/// scaled back, their norm taken, clipped; the update; weights copied back; gradients checked and
/// zeroed.
Time optimizer_time(StageWeights weights, const Training& training, const Device& device,
                    double slowdown = 1);

}  // namespace pipesim

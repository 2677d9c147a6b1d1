#pragma once

#include <optional>

#include "models/base/units.hpp"

namespace pipesim {

/// What one micro-batch costs in one stage, and what the stage keeps all the time.
struct StageCost {
  Time forward{};
  Time backward{};         ///< B: input and weight gradient in one op.
  Time backward_input{};   ///< I
  Time backward_weight{};  ///< W; a deferred one is of all micro-batches, with the update.
  Time recompute{};        ///< R
  Time optimizer{};        ///< One update of the stage's weights.
  Time gather{};           ///< UNSHARD
  Time reduce{};           ///< REDUCE_GRAD
  /// F overlapped with a backward on the same device, together; absent: one after the other.
  std::optional<Time> overlapped{};

  Bytes weights = 0;  ///< Static, like the next two.
  Bytes gradients = 0;
  Bytes optimizer_state = 0;

  Bytes summed_gradients = 0;  ///< What the replicas sum in a step.
  Bytes gathered_weights = 0;  ///< What they gather where each updates its part.
  /// Of these two, what only the replicas of an expert group hold.
  Bytes expert_gradients = 0;
  Bytes expert_weights = 0;

  /// What ZeRO holds beside the shards: while a pass runs, the whole weights of the layer in work
  /// (stage 3); while a weight gradient is computed, that layer's gradient before it is scattered
  /// (stages 2 and 3). And what an UNSHARD in the lane brings, until RESHARD.
  Bytes gathered_layer = 0;
  Bytes unreduced_gradient = 0;
  Bytes unsharded_weights = 0;

  Bytes stash = 0;         ///< All that F leaves for its backward, its input included.
  Bytes weight_stash = 0;  ///< What I leaves for W, which may be more than `stash`, or less.
  Bytes boundary = 0;      ///< The stage's input; also the gradient that it sends back.
  Bytes output = 0;        ///< What it sends on; also the gradient that it receives.
  Bytes workspace = 0;     ///< Scratch while a backward runs, or a forward that keeps nothing.
  /// Scratch while I runs, beside the larger of `stash` and `weight_stash`.
  Bytes input_workspace = 0;

  /// The micro-batches that W stands for where the weight gradient is deferred; 0: one W for each.
  int deferred_micro_batches = 0;
  Bytes update_workspace = 0;  ///< Scratch of W: a gradient that is not kept.

  bool operator==(const StageCost&) const = default;
  Bytes static_bytes() const { return capped_sum(weights, capped_sum(gradients, optimizer_state)); }
};

}  // namespace pipesim

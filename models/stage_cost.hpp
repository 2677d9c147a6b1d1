#pragma once

#include "models/units.hpp"

namespace pipesim {

/// What one micro-batch costs in one stage, and what the stage keeps all the time.
struct StageCost {
  Time forward{};
  Time backward{};         ///< B: input and weight gradient in one op.
  Time backward_input{};   ///< I
  Time backward_weight{};  ///< W
  Time recompute{};        ///< R
  Time optimizer{};        ///< One update of the stage's weights.

  Bytes weights = 0;    ///< Static, like the next two.
  Bytes gradients = 0;  ///< Also what the replicas' all-reduce moves.
  Bytes optimizer_state = 0;

  Bytes stash = 0;         ///< All that F leaves for its backward, its input included.
  Bytes weight_stash = 0;  ///< What I leaves for W.
  Bytes boundary = 0;      ///< The stage's input; also the gradient that it sends back.
  Bytes output = 0;        ///< What it sends on; also the gradient that it receives.
  Bytes workspace = 0;     ///< Scratch between the stage's layers, in a pass that keeps nothing.

  bool operator==(const StageCost&) const = default;
  Bytes static_bytes() const { return capped_sum(weights, capped_sum(gradients, optimizer_state)); }
};

}  // namespace pipesim

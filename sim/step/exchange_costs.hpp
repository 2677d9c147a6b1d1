#pragma once

#include "sim/step/experiment.hpp"

namespace pipesim {

/// Costs the messages between the stages, whose own costs are known.
void cost_hops(Experiment& experiment);

/// Costs what each stage's replicas gather and scatter, and adds to its passes what ZeRO stages 2
/// and 3 exchange in them: each only what the schedule does not say by ops of its own, whose
/// sharding is made complete first (with_complete_sharding).
void cost_sharding(Experiment& experiment);

}  // namespace pipesim

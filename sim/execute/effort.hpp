#pragma once

#include "sim/execute/execute.hpp"

namespace pipesim {

/// The floating-point operations of the products in one training step of the config's mlp: forward,
/// input gradient, weight gradient, and the forward that is computed again.
double step_flops(const Config& config);

/// About how long `execute` takes on this machine, in seconds, from the products alone. What they
/// reach on one core is measured, with a layer of the model's largest size, 1024 at most, in a few
/// milliseconds; nothing is where the products are few. On the wall clock devices run side by side,
/// as many as there are cores; the warm-up, the step whose gradients are checked, and the two steps
/// without a pipeline count too.
double execution_seconds(const Config& config, Clock clock, int steps);

/// The same of `train`: all mini-batches of all epochs.
double training_seconds(const Config& config);

}  // namespace pipesim

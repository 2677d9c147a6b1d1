#pragma once

#include "sim/execute/execute.hpp"

namespace pipesim {

/// The floating-point operations of the products in one training step of the config's mlp: forward,
/// input gradient, weight gradient, and the forward that is computed again.
double step_flops(const Config& config);

/// What products of the config's micro-batches reach on one core of this machine, in FLOP/s. It is
/// measured with a layer of the model's largest size, 1024 at most, in a few milliseconds.
double measured_product_rate(const Config& config);

/// About how long `execute` takes on this machine, from the products alone. `rate`: of one core.
/// On the wall clock devices run side by side, as many as there are cores; the warm-up, the step
/// whose gradients are checked, and the two steps without a pipeline count too.
double execution_seconds(const Config& config, Clock clock, int steps, double rate);

/// The same of `train`: all mini-batches of all epochs.
double training_seconds(const Config& config, double rate);

}  // namespace pipesim

#pragma once

#include "sim/engine.hpp"
#include "sim/experiment.hpp"
#include "sim/metrics.hpp"

namespace pipesim {

/// A step that was simulated: what happened, and what it amounts to. Reports read this together
/// with the experiment it came from.
struct Run {
  Outcome outcome{};
  Metrics metrics{};
};

/// What a caller needs beside memory and step time; each costs time or memory.
struct RunOptions {
  bool timeline = true;   ///< When every op ran.
  bool breakdown = true;  ///< The parts of the bubble: up to two more simulations.
};

/// Simulates one training step: the pipeline, then the replicas' all-reduce and the optimizer step
/// of each device. Not fitting the memory, or a deadlock, is part of the result.
Run simulate(const Experiment& experiment, const RunOptions& options = {});

}  // namespace pipesim

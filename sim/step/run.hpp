#pragma once

#include "sim/engine/engine.hpp"
#include "sim/step/experiment.hpp"
#include "sim/step/metrics.hpp"
#include "sim/step/progress.hpp"

namespace pipesim {

/// A device that runs out of memory in a replica that reports do not show.
struct ReplicaOverflow {
  int replica = 0;  ///< The first of those that are alike.
  int device = 0;   ///< Of its pipeline.
  Overflow overflow{};
  Bytes peak = 0;
  Bytes capacity = 0;
};

/// A step that was simulated: what happened in the slowest replica, and what the step amounts to.
/// Reports read this together with the experiment it came from.
struct Run {
  Outcome outcome{};
  Metrics metrics{};
  std::vector<ReplicaOverflow> other_overflows{};  ///< By replica, then by device.
};

/// What a caller needs beside memory and step time; each costs time or memory.
struct RunOptions {
  bool timeline = true;       ///< When every op ran.
  bool breakdown = true;      ///< The parts of the bubble: up to two more simulations.
  ReportProgress progress{};  ///< Told how many ops have been simulated, of all simulations'.
};

/// Simulates one training step: the pipeline of each replica that differs, then the replicas'
/// all-reduce, which waits for the slowest, and the optimizer step of each device. Not fitting the
/// memory, or a deadlock, is part of the result.
Run simulate(const Experiment& experiment, const RunOptions& options = {});

}  // namespace pipesim

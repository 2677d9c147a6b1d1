#pragma once

#include <span>
#include <vector>

#include "sim/engine/engine.hpp"
#include "sim/step/experiment.hpp"

namespace pipesim {

/// A replica behind its pipeline.
struct FinishedReplica {
  const std::vector<StageCost>* stages = nullptr;
  std::vector<Time> finish{};  ///< [device]: of its last op.
};

/// What follows the pipeline.
struct StepTail {
  std::vector<TailSpan> spans{};  ///< Of the first replica, by device, then in order.
  Time finish{};                  ///< Of the slowest replica.
};

/// Each stage's gradients are summed over the replicas and over its copies, as soon as all that
/// hold it are done; then its device updates it, and gathers what other replicas have updated. Of
/// alike replicas one stands for all. O(replicas · ops).
StepTail step_tail(const Experiment& experiment, std::span<const FinishedReplica> replicas);

}  // namespace pipesim

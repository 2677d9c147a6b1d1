#pragma once

#include "sim/assemble/assemble.hpp"

namespace pipesim {

/// What the stages of every replica cost.
struct CostedReplicas {
  Partition partition{};  ///< Empty for a model without layers.
  std::vector<ReplicaCosts> groups{};
  /// Each stage as its slowest replica takes it, on the devices with the least memory.
  ReplicaCosts slowest{};
};

/// Cuts the model into stages, as the slowest replicas take them, and costs each replica's.
CostedReplicas cost_replicas(const Config& config, const Schedule& schedule,
                             SimulatedReplicas replicas);

/// Finds the replica whose pipeline takes longest, of equals the first, and makes it the one that
/// the experiment is about. Simulates them all. Where all are alike there is nothing to choose.
void choose_slowest_replica(Experiment& experiment);

}  // namespace pipesim

#pragma once

#include <vector>

#include "models/cluster/cluster.hpp"

namespace pipesim {

/// A device among those that run a stage.
struct StageDevice {
  int kind = 0;         ///< In ReplicaDevices::kinds.
  double slowdown = 1;  ///< All that it computes takes this much longer: a straggler.

  auto operator<=>(const StageDevice&) const = default;
};

/// The devices that run a stage side by side: of each kind the slowest, by kind. They wait for each
/// other at every layer.
using StageDevices = std::vector<StageDevice>;

/// Those of a pipeline, by position.
using PipelineDevices = std::vector<StageDevices>;

/// Replicas of the pipeline whose devices are alike.
struct ReplicaGroup {
  std::vector<int> replicas{};  ///< In order.
  PipelineDevices devices{};
};

/// Which devices run what.
struct ReplicaDevices {
  std::vector<Device> kinds{};
  std::vector<ReplicaGroup> groups{};  ///< By their first replica.
  PipelineDevices slowest{};           ///< Each position's of all replicas together.
};

/// O(ranks) where the config lists all ranks' devices, else O(stages + stragglers + groups ·
/// stages).
ReplicaDevices replica_devices(const Cluster& cluster, const RankGrid& grid);

/// The least memory among devices that run a stage; absent: unlimited.
std::optional<Bytes> least_memory(const StageDevices& devices, const std::vector<Device>& kinds);

/// The factor of the slowest among them.
double largest_slowdown(const StageDevices& devices);

}  // namespace pipesim

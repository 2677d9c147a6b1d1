#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/base/json_field.hpp"
#include "models/cluster/collective.hpp"
#include "models/cluster/node_network.hpp"
#include "models/cluster/placement.hpp"
#include "models/cluster/topology.hpp"
#include "models/device/device.hpp"
#include "models/device/interconnect.hpp"

namespace pipesim {

/// The hardware: the devices, and what lies between them. One of three: each device has a link of
/// its own to any other (`interconnect`), or devices are in nodes (`nodes`), or links are those of
/// a graph, which messages share (`topology`).
struct Cluster {
  int devices = 1;  ///< Of all replicas, and of all ranks of a tensor- or context-parallel group.
  /// Those of one pipeline: one entry that all share, or one for each. With `rank_kinds` the first
  /// ranks' of the first replica.
  std::vector<Device> kinds{};
  /// With nodes or a topology: its name, and the link between the first two devices.
  Interconnect interconnect{};
  std::optional<NodeNetwork> nodes{};
  std::shared_ptr<const Topology> topology{};
  AxisOrder order = megatron_order;  ///< Which rank is where.
  std::vector<Device> rank_kinds{};  ///< One entry for each rank, where the config lists them all.
  std::map<int, double> stragglers{};  ///< Rank to the factor by which it is slower, above 1.
  Time host_time_per_layer{};          ///< The least that a layer's forward takes.

  /// Whether devices differ, of one pipeline or of several.
  bool uneven() const { return kinds.size() > 1 || !rank_kinds.empty() || !stragglers.empty(); }
  const Device& device(int index) const {
    return kinds.size() == 1 ? kinds.front() : kinds[static_cast<std::size_t>(index)];
  }
};

/// The `cluster` section, which may be missing. `asked` is what the rest of the config asks for;
/// its order is not read. Throws InputError when `devices` says otherwise.
Cluster read_cluster(const Field& config, const RankGrid& asked);

/// How a message gets from one rank to another, alone: its links for `occupancy`, all at once, and
/// the sum of their latencies. Nothing to itself.
TransferCost message_cost(const Cluster& cluster, int from_rank, int to_rank, Bytes bytes);

/// What these ranks communicate over in this order. In a topology one level, the ring through them:
/// O(ranks × links of a route).
GroupNetwork group_network(const Cluster& cluster, const std::vector<int>& ranks);

/// The group along an axis at a position of the pipeline, of the first rank there; every other
/// group along the axis is taken to be like it.
GroupNetwork group_network(const Cluster& cluster, const RankGrid& grid, Axis axis,
                           int pipeline_position);

/// The links that a message takes, by id, which other messages take too; none where links are
/// private. Below links().
std::vector<int> route(const Cluster& cluster, int from_rank, int to_rank);
int links(const Cluster& cluster);
/// "gpu0>switch0": from and to; "gpu0-host" where both directions share it.
std::string link_name(const Cluster& cluster, int link);

}  // namespace pipesim

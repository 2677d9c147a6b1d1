#pragma once

#include <string>
#include <vector>

#include "models/base/json_field.hpp"
#include "models/cluster/collective.hpp"
#include "models/device/interconnect.hpp"

namespace pipesim {

/// Devices of a node, and its network cards.
inline constexpr int most_in_a_node = 1 << 16;

/// Nodes of equal size: rank r is in node r / node_size. Inside a node every device has a link of
/// its own into a switch; between nodes it has its part of the node's NICs, which all of its
/// devices are taken to use at once. No links are shared beyond that.
struct NodeNetwork {
  std::string name{};
  int node_size = 1;
  Interconnect intra_node{};
  Interconnect inter_node{};  ///< One NIC.
  int nics = 1;               ///< Of a node.
  std::string source{};

  /// What one device has of a NIC.
  double share() const { return static_cast<double>(nics) / node_size; }
  int node_of(int rank) const { return rank / node_size; }
};

/// What a message from one rank to another goes over. O(1).
Interconnect path_between(const NodeNetwork& network, int from, int to);

/// The ranks of a group inside the nodes, and the nodes. Where the nodes hold unequal numbers of
/// them: one ring of all, at the speed of the NICs.
GroupNetwork group_network(const NodeNetwork& network, const std::vector<int>& ranks);

const std::vector<NodeNetwork>& known_node_networks();

/// An object with `node_size`, `intra_node`, `inter_node`, `nics` (default: one for each device).
NodeNetwork read_node_network(const Field& field);

}  // namespace pipesim

#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "models/profile/profile_node.hpp"

namespace pipesim {

/// What node `from` hands on is what node `to` takes.
struct ProfileEdge {
  int from = 0;
  int to = 0;

  auto operator<=>(const ProfileEdge&) const = default;
};

/// A network's layers as PipeDream's profiler measures them (Narayanan et al., SOSP'19): a graph
/// without cycles.
struct ProfileGraph {
  std::string file{};  ///< Where it comes from, for errors.
  std::vector<ProfileNode> nodes{};
  std::vector<ProfileEdge> edges{};  ///< In order, none twice.
};

/// Reads PipeDream's graph.txt: a line for each node (read_profile_node), and one for each edge,
/// which begins with a tab: "\tnode1 -- node2". Python wrote the lines in any order, so they stand
/// for the same graph in any order: nodes are sorted by name, node2 before node10. Totals of times
/// and bytes stay below 2^62.
/// Throws InputError with FILE:LINE: not UTF-8, malformed, a node that stands twice, an edge to no
/// node, a cycle, no node, more than 8192 nodes or 2^20 edges.
ProfileGraph read_profile_graph(std::string_view text, const std::string& file);

/// The layers alone: without the inputs, which are nodes that take nothing and whose description
/// begins with "Input", and then without results "__getitem__…" that nothing takes. As PipeDream's
/// optimizer does before it partitions.
ProfileGraph layer_graph(const ProfileGraph& graph);

/// Throws InputError where a graph of layers holds none.
void check_has_layer(const ProfileGraph& layers);

/// What the inputs of the graph hand to its layers, for the whole batch.
Bytes input_bytes(const ProfileGraph& graph);

}  // namespace pipesim

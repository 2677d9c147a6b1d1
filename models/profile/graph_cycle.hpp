#pragma once

#include <vector>

#include "models/profile/profile_graph.hpp"

namespace pipesim {

/// The edges of a cycle of the graph, one behind the other, the one that closes it last; empty when
/// there is none. O(nodes + edges).
std::vector<ProfileEdge> find_cycle(int nodes, const std::vector<ProfileEdge>& edges);

}  // namespace pipesim

#pragma once

#include <random>
#include <string>
#include <vector>

#include "models/profile/profile_graph.hpp"

namespace pipesim::test {

/// A node's line of a profile; without a description it is a "Layer".
std::string node_line(const std::string& name, const ProfileNode& figures = {});

/// Layers "n0", "n1", … with the given activations (bytes), and edges between them.
ProfileGraph graph_of(const std::vector<Bytes>& activations, const std::vector<ProfileEdge>& edges);

/// Layers one behind the other.
ProfileGraph chain_of(const std::vector<Bytes>& activations);

/// Up to `most` layers with random times, sizes and edges, each of which leads to a later layer.
ProfileGraph random_graph(std::mt19937& random, int most);

}  // namespace pipesim::test

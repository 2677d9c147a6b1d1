#pragma once

#include <vector>

#include "models/profile/profile_graph.hpp"

namespace pipesim {

/// What lies before one cut through a graph of layers: some layers and all that they depend on. Its
/// latest layers are an antichain, none of which depends on another. The layers between two such
/// cuts, one inside the other, can be a stage of a pipeline.
struct LinearState {
  struct Step {
    int state = -1;  ///< The state with one layer less; -1: none at all.
    int layer = 0;   ///< The layer that it lacks.
  };

  std::vector<Step> steps{};  ///< Every way to get here with one layer more.
  int layers = 0;             ///< How many it holds.
  Time compute{};             ///< Their forward and backward.
  Bytes parameter_bytes = 0;  ///< Their weights.
  /// What crosses the cut: what layers before it hand to a layer behind it, each once. Of the last
  /// state, what no layer takes.
  Bytes crossing_bytes = 0;
};

/// Every way to cut the graph, sorted so that a state stands behind all that lie inside it: the
/// antichains of PipeDream's optimizer (Narayanan et al., SOSP'19), of a graph with any number of
/// sources. In a chain, state i holds layers 0 to i. `graph` has no inputs (layer_graph).
/// Throws InputError when there are no layers, or more than 8192 states, found before memory is
/// taken for them. O(states · layers / 64) memory.
std::vector<LinearState> linear_states(const ProfileGraph& graph);

}  // namespace pipesim

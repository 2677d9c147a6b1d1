#pragma once

#include <vector>

#include "models/profile/profile_graph.hpp"

namespace pipesim {

/// All layers of a graph one behind the other, none before one that it depends on.
struct CrossingLine {
  std::vector<int> layers{};
  /// [i]: what crosses the cut behind layers[i]: what layers before it hand to a layer behind it,
  /// each once. Of the last, what no layer takes.
  std::vector<Bytes> crossing_bytes{};
  /// No other line has less that crosses its cuts, summed over them. False where there were too
  /// many ways to compare.
  bool is_least = true;
};

/// The line with the least crossing bytes, summed over its cuts; among equals each layer in turn,
/// from the last, is the latest by name. `graph` has no inputs (layer_graph). Throws InputError
/// where it has no layers.
///
/// Dynamic programming over the closed sets of layers (a layer and all that it depends on), those
/// of n layers after those of n − 1: only two sizes of sets are held at a time, so that the number
/// of sets hardly matters. Modules one behind the other, as in Inception, add up; only layers side
/// by side multiply. Where a size has too many sets, as in NASNet, whose cells overlap, a beam
/// search follows: of each size only the sets that are reached most cheaply go on.
///
/// The work is bounded, so that any graph that read_profile_graph takes is answered within
/// seconds: 2^29 / layers sets at most (and no more than 2^19), before the beam search follows.
CrossingLine least_crossing_line(const ProfileGraph& graph);

}  // namespace pipesim

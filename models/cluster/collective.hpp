#pragma once

#include <vector>

#include "models/device/interconnect.hpp"

namespace pipesim {

/// Ranks that are joined by links of one kind: those of a node, or the nodes.
struct GroupLevel {
  int ranks = 1;
  Interconnect interconnect{};
  double share = 1;  ///< What one rank has of a link's bandwidth, while all of a node use theirs.

  bool operator==(const GroupLevel&) const = default;
};

/// What a group of ranks communicates over, from inside out: {8 in a node, 4 nodes}. Every rank of
/// a level has its counterparts in the next, one in each of its parts.
struct GroupNetwork {
  std::vector<GroupLevel> levels{};

  bool operator==(const GroupNetwork&) const = default;
  int ranks() const;
};

/// How long a collective takes, in seconds; 0 for one rank.
/// `bytes`: all_reduce: of the tensor that each rank has; all_gather: of what each has afterwards;
/// reduce_scatter: of what each has before; all_to_all: what a rank sends and keeps.
///
/// Rings inside each level. Over several levels an all-reduce scatters sums inside, all-reduces
/// each rank's shard between the nodes, and gathers inside: an inner level sees all the bytes, the
/// next those of one shard. Between nodes an all-reduce takes a double binary tree where that is
/// quicker: 2⌈log2 r⌉ latencies for the ring's 2(r-1), but all the bytes twice (Sanders, Speck and
/// Träff, Parallel Computing 35(12), 2009), which is what NCCL chooses between.
/// An all-to-all sends to all levels at once, and takes as long as the slowest.
double collective_seconds(Collective collective, double bytes, const GroupNetwork& network);

/// How long a message of so many bytes takes that every rank passes on to the next in a ring
/// through all, at once: as long as on the slowest level that the ring crosses. 0 for one rank.
double ring_pass_seconds(double bytes, const GroupNetwork& network);

}  // namespace pipesim

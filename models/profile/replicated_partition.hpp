#pragma once

#include <cstdint>
#include <vector>

#include "models/profile/linear_states.hpp"

namespace pipesim {

/// What PipeDream's optimizer is asked for.
struct ReplicationRequest {
  int machines = 1;      ///< From 1.
  double bandwidth = 0;  ///< Of each machine's link, bytes/s, above 0.
  /// One machine for each stage. Machines beyond the number of layers stay idle.
  bool straight_pipeline = false;
  /// A stage also takes as long as its activations on the link, in and out.
  bool transfer_time_considered = false;
};

/// A stage that runs on `replication` machines, each with an equal share of the mini-batches. It
/// holds what lies in state `last` − 1 but not in state `first` − 1: in a chain, the layers
/// [first, last).
struct ReplicatedStage {
  int first = 0;
  int last = 0;
  int replication = 1;
  Time time{};  ///< For a mini-batch, its share of the replicas counted.

  bool operator==(const ReplicatedStage&) const = default;
};

inline constexpr std::int64_t most_replicated = std::int64_t{1} << 16;

/// PipeDream's partition (Narayanan et al., SOSP'19, section 3.1): stages and their replicas on all
/// machines such that the slowest stage is as fast as possible, exactly, with times in whole
/// picoseconds. On r machines a stage takes (compute + 4(r − 1) · parameter bytes / (bandwidth ·
/// r)) / r: a ring's all-reduce, send and receive. Transfers take 2 · crossing bytes / (bandwidth ·
/// r) at the start of a stage, for activation and gradient, and at its end; the first stage has
/// none of its own.
///
/// As in the paper's recursion, what stands before a stage is itself the best for its layers and
/// machines. Among equals a cut has to pay: one stage goes before several. Then the last stage has
/// the fewest replicas, so that as few as possible sum gradients, and then it begins at the
/// earliest state.
///
/// O(states² · machines²) time, O(states · (states / 64 + machines)) memory. Throws InputError
/// where states · machines, of a straight pipeline at most as many as layers, are above
/// most_replicated.
std::vector<ReplicatedStage> replicate(const std::vector<LinearState>& states,
                                       const ReplicationRequest& request);

/// The time of the slowest stage: what a mini-batch takes in the steady state.
Time bottleneck(const std::vector<ReplicatedStage>& stages);

}  // namespace pipesim

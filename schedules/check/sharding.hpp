#pragma once

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// Places UNSHARD and RESHARD for weights that are shared out over replicas, as PyTorch does: a
/// device holds the whole weights of the next `most_active` stages that it will compute with, at
/// least those of the op it is at, and drops those of others to make room.
Schedule add_unshard_reshard(Schedule schedule, int most_active = 3);

/// Places a REDUCE_GRAD behind the last B or W of each stage.
Schedule add_reduce_grad(Schedule schedule);

/// Whether an op of that kind stands in a lane, by stage.
std::vector<bool> stages_with(const Schedule& schedule, OpKind kind);

/// The same order with sharding that holds together, for every stage of which it says anything. Of
/// a stage with an UNSHARD: one stands before whatever computes without its weights, none where
/// they are there already, a RESHARD only where they are, and at the lane's end at the latest. Of a
/// stage with a REDUCE_GRAD: one stands behind its last gradient. O(ops).
Schedule with_complete_sharding(Schedule schedule);

}  // namespace pipesim

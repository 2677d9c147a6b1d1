#pragma once

#include "schedules/schedule.hpp"

namespace pipesim {

/// Places UNSHARD and RESHARD for weights that are shared out over replicas, as PyTorch does: a
/// device holds the whole weights of the next `most_active` stages that it will compute with, and
/// drops those of others to make room.
Schedule add_unshard_reshard(Schedule schedule, int most_active = 3);

/// Places a REDUCE_GRAD behind the last B or W of each stage.
Schedule add_reduce_grad(Schedule schedule);

}  // namespace pipesim

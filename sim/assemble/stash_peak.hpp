#pragma once

#include <vector>

#include "schedules/core/schedule.hpp"
#include "sim/engine/op_costs.hpp"

namespace pipesim {

/// [device]: the most that its stashes hold at once, what R computes again included. Memory follows
/// the order of ops, so no clock is needed. O(ops).
std::vector<Bytes> stash_peaks(const Schedule& schedule, const StepCosts& costs);

}  // namespace pipesim

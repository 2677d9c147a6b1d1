#pragma once

#include "schedules/schedule.hpp"

namespace pipesim {

/// Throws InputError unless the schedule is one that can be run, deadlocks across devices aside:
/// - every stage runs F and then B, or I and W, exactly once for every micro-batch, R at most once;
///   one W without a micro-batch (-1), behind all the stage's I, stands for a W of each;
/// - every op stands on the device that holds its stage;
/// - no op stands before one that it needs on the same device.
/// O(ops) time, one byte for each stage and micro-batch.
void check_schedule(const Schedule& schedule);

}  // namespace pipesim

#pragma once

#include <functional>
#include <string>

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// Says where an op stands, for an error: "schedule 1f1b: device 0, op 3"; of `no_slot`, where a
/// device's lane is: "schedule 1f1b: device 0".
inline constexpr std::size_t no_slot = static_cast<std::size_t>(-1);
using PlaceOf = std::function<std::string(int device, std::size_t slot)>;

/// Throws InputError unless the schedule is one that can be run, deadlocks across devices aside:
/// - every stage runs F and then B, or I and W, exactly once for every micro-batch, R at most once;
///   one W without a micro-batch (-1), behind all the stage's I, stands for a W of each;
/// - every op stands on the device that holds its stage; where stages have two copies, a
///   micro-batch goes through the copies of one number;
/// - no op stands before one that it needs on the same device;
/// - an overlapped pair is a forward and a backward behind it that does not need it;
/// - unless communication is overlapped, every message between devices is sent once and received
///   once, behind the op that makes it and before the op that needs it.
/// O(ops) time, two bytes for each stage and micro-batch.
void check_schedule(const Schedule& schedule, const PlaceOf& place_of = {});

}  // namespace pipesim

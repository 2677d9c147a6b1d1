#pragma once

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// The smallest limit of a device's memory under which an automatic schedule can be completed: one
/// micro-batch in each of the device's stages, and room for what an I holds beside them. `zb_auto`
/// and `zb_v` need `request.memory[device]` to be at least that.
Bytes least_memory(const ScheduleRequest& request, int device);

/// F, I and W of one micro-batch in all of a device's stages.
Time work_of(const ScheduleRequest& request, int device);

/// What no order's cost is under: the work of a device; and, for every stage, the first
/// micro-batch's way to it, its own F and I of all, the last one's way back, and a W on device 0.
Time least_cost(const ScheduleRequest& request);

/// [stage]: how many micro-batches it can start before the first one's gradient is back, one more
/// than fit into `sixteenths`/16 of the time from that one's F to its I. At 16 a stage never waits
/// in warm-up; for equal stages and F = I, 8 is ZB-H1's (and 1F1B's) depth, as many as there are
/// stages from this one on. Qi et al., arXiv:2401.10241, 3.1 and 2.3.
std::vector<int> round_trip_depths(const ScheduleRequest& request, int sixteenths);

}  // namespace pipesim

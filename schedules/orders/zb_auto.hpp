#pragma once

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// A zero-bubble schedule for the given times and memories, one stage on a device: warm-up as deep
/// as they allow, then one F, one I, and W's where they fill gaps or make room, chosen so that the
/// device that takes longest from its first op to its last takes little. What the heuristic of Qi
/// et al., arXiv:2401.10241, 3.1, is made for: with the stash of K micro-batches their ZB-1p, with
/// that of 2K their ZB-2p. No device ever holds more than `request.memory`, which must be at least
/// `least_memory`. The same request always gives the same schedule.
Schedule zb_auto(const ScheduleRequest& request);

/// The same, and behind it one whose last op ends sooner, where the search has met one.
std::vector<Schedule> zb_auto_orders(const ScheduleRequest& request);

}  // namespace pipesim

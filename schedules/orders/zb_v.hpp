#pragma once

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// A zero-bubble schedule with two stages on a device, in a V: device d holds stages d and
/// 2K - 1 - d. Qi et al., arXiv:2401.10241, 5 (ZB-V). It starts from the order that has no bubble
/// when F, I and W take equally long and messages no time, and from what a limited depth gives, and
/// looks for what takes less with the given times, as `zb_auto`. No device ever holds more than
/// `request.memory`, at least `least_memory`; by default what 1F1B needs,
/// K micro-batches in both of its stages.
Schedule zb_v(const ScheduleRequest& request);

/// The same, and behind it one whose last op ends sooner, where the search has met one.
std::vector<Schedule> zb_v_orders(const ScheduleRequest& request);

}  // namespace pipesim

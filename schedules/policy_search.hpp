#pragma once

#include <vector>

#include "schedules/dispatch.hpp"

namespace pipesim {

/// The best draft that was found when all `starts` were tried and then, step by step, small random
/// changes of the best policy. It ends where the lower bound is reached, where many changes in a row
/// were no better, or where its effort is spent, which is counted in ops: the same request always
/// gives the same draft.
Draft best_draft(const ScheduleRequest& request, const std::vector<DispatchPolicy>& starts);

/// What no order can stay under: the most that a device works; and the way of the first micro-batch
/// to a device and of its last one back, F and I of all between them, then a W.
Time cost_bound(const ScheduleRequest& request);

}  // namespace pipesim

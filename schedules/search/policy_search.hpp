#pragma once

#include <vector>

#include "schedules/search/dispatch.hpp"

namespace pipesim {

/// The same on every device, with the depths of `round_trip_depths`.
DispatchPolicy round_trip_policy(const ScheduleRequest& request, int sixteenths);

/// The order of F and I in a schedule whose stages lie in a V and which splits its backwards.
DispatchPolicy order_policy(const Schedule& schedule);

/// The best draft that is found when `starts` are dispatched in turn, each with W's only where they
/// fit, or else in any gap, and W's put off for as long as can be, or not at all; then small
/// changes of the best one's policy, then of its lanes. Behind it the one that ends soonest, where
/// that is sooner. The search ends where nothing better can be, where many changes in a row were no
/// better, and where its effort is spent. That is counted in steps, so that a request always gives
/// the same drafts: by default up to half a second's worth.
std::vector<Draft> best_drafts(const ScheduleRequest& request,
                               const std::vector<DispatchPolicy>& starts);

}  // namespace pipesim

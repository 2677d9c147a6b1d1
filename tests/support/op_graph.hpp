#pragma once

#include "schedules/schedule.hpp"
#include "sim/op_costs.hpp"

namespace pipesim::test {

/// The longest path through a schedule's ops, by Boost.Graph: an independent answer to what the
/// engine computes, for links that carry any number of messages at once (occupancy counts as
/// latency).
Time longest_path(const Schedule& schedule, const StepCosts& costs);

}  // namespace pipesim::test

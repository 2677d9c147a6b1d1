#pragma once

#include "schedules/core/schedule.hpp"

namespace pipesim::test {

/// The least cost of any order of F, I and W (that of `OrderCost`), given that one has cost
/// `known`, for stages in a V, times above 0, and stashes no less than weight stashes. Branch and
/// bound over active schedules (Giffler and Thompson 1960): of all ops that could be next, the one
/// that would end first and those of its device that could start before then are tried in its
/// place. Exponential: after `most_nodes` it returns the least that it has found.
Time exact_cost(const ScheduleRequest& request, Time known, int most_nodes = 2'000'000);

}  // namespace pipesim::test

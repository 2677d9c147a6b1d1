#pragma once

#include <vector>

#include "schedules/core/bubble_formula.hpp"
#include "schedules/core/schedule.hpp"
#include "sim/engine/op_costs.hpp"

namespace pipesim::test {

struct OpTime {
  Time start{};
  Time finish{};
};

/// When each op of a schedule runs, [device][slot], by the longest paths through a graph of its ops
/// (Boost.Graph): an independent answer to what the engine computes, for links that carry any
/// number of messages at once (occupancy counts as latency). Overlapped pairs start and finish
/// together. Sends, receives and sharding take no time and wait for nothing but their device.
std::vector<std::vector<OpTime>> op_times(const Schedule& schedule, const StepCosts& costs);

/// The longest path of all.
Time longest_path(const Schedule& schedule, const StepCosts& costs);

/// What each device is idle for between the first op's start and the last op's finish of all.
std::vector<Time> idle_times(const Schedule& schedule, const StepCosts& costs);

/// The same, as a fraction of all devices' time.
Ratio idle_fraction(const Schedule& schedule, const StepCosts& costs);

/// From each device's own first start to its own last finish.
std::vector<Time> own_spans(const Schedule& schedule, const StepCosts& costs);

}  // namespace pipesim::test

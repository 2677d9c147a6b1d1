#pragma once

#include <vector>

#include "models/cost/stage_cost.hpp"
#include "models/settings/pipeline_settings.hpp"
#include "schedules/core/schedule.hpp"

// A device's memory in closed form, to hold the engine against.
namespace pipesim::test {

/// How many micro-batches a stage holds at most, in a given schedule.
struct InFlight {
  int inputs = 0;  ///< Forward started, backward not finished: at least the stage's input is kept.
  int interiors = 0;  ///< Of those, the ones whose activations inside the stage are kept too.
  int weights = 0;    ///< Between I and W. Each of the three at its own most.
};

/// The most memory that a stage holds: static bytes, stash, and what a backward needs while it
/// runs. Where the backward is split, no less than that. `is_first`: the stage sends no gradient
/// on. Where the weight gradient is deferred, every micro-batch waits for W, whatever the schedule.
Bytes peak_bytes(const StageCost& cost, InFlight in_flight, bool is_first);

/// What each stage, or the fuller of its two copies, holds at most, from the order of its ops
/// alone.
std::vector<InFlight> in_flight_of(const Schedule& schedule, Recompute recompute);

}  // namespace pipesim::test

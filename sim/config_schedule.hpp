#pragma once

#include "models/config.hpp"
#include "schedules/bubble_formula.hpp"
#include "schedules/schedule.hpp"
#include "sim/op_costs.hpp"

namespace pipesim {

/// The stages of a device that a config's schedule asks for where the config does not say. A
/// DefaultVirtualStages.
int default_virtual_stages(PipelineSettings& settings, const Source& source);

PipelineShape shape_of(const Config& config);

/// The schedule that a config names or brings as a file, before costs are known: of an automatic
/// one only the placement, its lanes are empty.
/// Throws InputError: an unknown schedule, a shape that it can't have, a file that is wrong or of
/// another shape.
Schedule schedule_before_costs(const Config& config);

/// The same made complete: an automatic one for these costs; with its re-computation, deferred
/// weight gradient, and where asked for its sends and receives.
/// `room[device]`: what the device has beside its static bytes; absent: no limit.
/// Throws InputError: a memory limit that nothing can keep or that the schedule does not look at.
Schedule complete_schedule(const Config& config, Schedule schedule, const StepCosts& costs,
                           const std::vector<std::optional<Bytes>>& room);

/// Whether the config's schedule is made for what its stages cost.
bool is_automatic(const Config& config);

/// The same made complete for equal stages without limits, where it is an automatic one; any other
/// as it is for all.
Schedule with_equal_loads(const Config& config, Schedule schedule);

/// The closed form of the bubble for stages equal to the mean of these.
std::optional<Ratio> bubble_formula_of(const Config& config, const StepCosts& costs);

}  // namespace pipesim

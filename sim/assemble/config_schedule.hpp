#pragma once

#include "models/config/config.hpp"
#include "schedules/core/bubble_formula.hpp"
#include "schedules/core/schedule.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/engine/op_costs.hpp"

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

/// The automatic schedule that a config names; null: another one, or a file.
const KnownSchedule* automatic_of(const Config& config);

/// Whether the config's schedule is made for what its stages cost.
bool is_automatic(const Config& config);

/// An order made complete: with its re-computations, deferred weight gradient, and where asked for
/// its sends and receives.
Schedule complete_schedule(const Config& config, Schedule schedule);

/// The same; an automatic schedule that has no order yet as it is for equal stages without limits.
Schedule with_equal_loads(const Config& config, Schedule schedule);

/// The closed form of the bubble for stages equal to the mean of these.
std::optional<Ratio> bubble_formula_of(const Config& config, const StepCosts& costs);

}  // namespace pipesim

#pragma once

#include "models/config.hpp"
#include "schedules/catalog.hpp"
#include "sim/op_costs.hpp"

namespace pipesim {

/// The automatic schedule that a config names, for these costs, within the config's memory limit or
/// else within what devices have beside their static bytes: `room[device]`, absent for no limit.
/// `placement` says where its stages are; its lanes are not looked at.
/// Throws InputError: a limit below what a device must hold of one micro-batch.
Schedule automatic_schedule(const Config& config, const KnownSchedule& known,
                            const Schedule& placement, const StepCosts& costs,
                            const std::vector<std::optional<Bytes>>& room);

/// The same for equal stages, free transfers and no limit.
Schedule automatic_for_equal_stages(const KnownSchedule& known, const PipelineShape& shape);

}  // namespace pipesim

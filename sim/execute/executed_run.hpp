#pragma once

#include <vector>

#include "sim/execute/workers/device_allocator.hpp"
#include "sim/execute/workers/executor.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

/// What the devices recorded, device by device.
using Allocations = std::vector<std::vector<AllocationEvent>>;

/// A step that ran on threads, as every report reads it.
Run wall_run(const Experiment& experiment, Timeline timeline, const Allocations& allocations);

/// A step whose ops ran one after the other: their times are put on the clocks of virtual devices,
/// messages between which take what the config's interconnect says.
Run measured_run(const Experiment& experiment, const Measured& measured,
                 const Allocations& allocations);

/// What the simulator makes of an executed step's durations: the engine puts each op on its
/// device's clock as soon as its inputs are there and the device is free. On the wall clock a
/// message takes the mean of its hop's hand-offs that somebody waited for: a thread, too, waits for
/// a core.
Run replayed_run(const Experiment& experiment, const Timeline& executed,
                 const Allocations& allocations);

/// Each op's median over several steps; the lower one of two.
Measured median_of(const std::vector<Measured>& steps);

}  // namespace pipesim

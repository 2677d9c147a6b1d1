#pragma once

#include <functional>

#include "schedules/orders/catalog.hpp"
#include "sim/step/experiment.hpp"

namespace pipesim {

/// Puts an order into an experiment whose stages lie where its schedule's do, as if it had come
/// from a file: with the costs, re-computations, sends and receives that it then has.
using SetOrder = std::function<void(Experiment& experiment, Schedule order)>;

/// Gives a costed experiment, whose schedule is a placement without lanes, the order of an
/// automatic schedule. Every candidate (`for_each_candidate`) is simulated as it would run. Chosen
/// is, of those within the config's memory limit, or else within what the devices of all replicas
/// have, the one whose step is shortest; of equal ones that with the shortest span of a device,
/// then with the least memory, then the first. A larger limit only adds candidates: it is never
/// slower with more memory, and never slower than an order of the catalog. Where none fits, it is
/// one that lacks least.
/// Returns the order as it was before `set_order`.
/// Throws InputError: a limit below what a device must hold of one micro-batch.
Schedule choose_order(Experiment& experiment, const KnownSchedule& known,
                      const SetOrder& set_order);

/// The automatic schedule for equal stages, free transfers and no limit.
Schedule automatic_for_equal_stages(const KnownSchedule& known, const PipelineShape& shape);

}  // namespace pipesim

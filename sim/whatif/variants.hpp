#pragma once

#include <vector>

#include "sim/whatif/what_if.hpp"

namespace pipesim {

/// The config without a pipeline: every device holds the whole model and takes its share of the
/// batch; the gradients are summed by a ring all-reduce. A model with layers runs its share in one
/// piece, a stage_costs model its share of the micro-batches one after the other. Never with a
/// deferred weight gradient.
Variant data_parallel_variant(const Config& config, Recompute recompute);

/// Every schedule of the catalog, that of the config's file, and data parallelism, each without and
/// with re-computation, and with the config's own. A schedule that holds another number of stages
/// on a device gets the same model cut accordingly. Where the weight gradient is deferred, it still
/// is in the schedules without re-computation alone. One of them is the config as it is, which is
/// the one without settings.
std::vector<Variant> contrasts(const Config& config);

}  // namespace pipesim

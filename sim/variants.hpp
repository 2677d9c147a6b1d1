#pragma once

#include <string>
#include <vector>

#include "models/config.hpp"

namespace pipesim {

/// The same model on the same devices, run another way.
struct Variant {
  std::string name{};     ///< "1f1b", or "data parallel".
  std::string setting{};  ///< The `--set` options that lead from the config to it.
  Config config{};
  std::string reason{};  ///< Why it cannot be run; empty when it can.
};

/// The config without a pipeline: every device holds the whole model and takes its share of the
/// batch; the gradients are summed by a ring all-reduce. A model with layers runs its share in one
/// piece, a stage_costs model its share of the micro-batches one after the other. Never with a
/// deferred weight gradient.
Variant data_parallel_variant(const Config& config, Recompute recompute);

/// Every schedule of the catalog, that of the config's file, and data parallelism, each without and
/// with re-computation. A schedule that holds another number of stages on a device gets the same
/// model cut accordingly. Where the weight gradient is deferred, it still is in the schedules
/// without re-computation alone.
std::vector<Variant> contrasts(const Config& config);

/// Settings that need less memory, the mildest first.
std::vector<Variant> smaller_variants(const Config& config);

}  // namespace pipesim

#pragma once

#include <string>
#include <vector>

#include "models/config.hpp"
#include "models/settings.hpp"

namespace pipesim {

/// The same model run another way: what settings make of a config. They go the way that `--set`
/// takes, so that who follows them gets the same.
struct Variant {
  std::string name{};   ///< "1f1b", or "data parallel".
  Settings settings{};  ///< Added to those that the config was read with.
  bool as_given =
      false;  ///< The config as it is; no settings then. Others without can't be asked for.
  // What they ask for.
  int virtual_stages = 1;
  Recompute recompute = Recompute::none;
  bool deferred_weight_gradient = false;
  Config config{};       ///< As it is read with them; empty where that is refused.
  std::string reason{};  ///< Why it cannot be run; empty when it can.
};

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

/// Settings that need less memory, the mildest first. Those that a config can't have are left out.
std::vector<Variant> smaller_variants(const Config& config);

}  // namespace pipesim

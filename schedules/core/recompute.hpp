#pragma once

#include "models/settings/pipeline_settings.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// The micro-batch whose activations are all kept although others are computed again; -1 for none.
constexpr int kept_micro_batch(Recompute recompute, int micro_batches) {
  return recompute == Recompute::except_last ? micro_batches - 1 : -1;
}

/// The same schedule with an R directly before the backward of every micro-batch whose activations
/// were not kept. Unchanged for Recompute::none.
Schedule with_recompute(Schedule schedule, Recompute recompute, bool lazy);

}  // namespace pipesim

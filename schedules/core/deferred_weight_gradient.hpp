#pragma once

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// The same schedule with an I in place of every B, and in place of any W for each micro-batch one
/// W for each stage at the lane's end, of the whole mini-batch (micro_batch -1).
Schedule with_deferred_weight_gradient(Schedule schedule);

}  // namespace pipesim

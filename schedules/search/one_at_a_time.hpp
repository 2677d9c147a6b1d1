#pragma once

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// One micro-batch after the other through all stages, wherever those are: what holds least, and
/// takes longest. For schedules that go one way.
Schedule one_at_a_time(const std::vector<int>& placement, int micro_batches);

}  // namespace pipesim

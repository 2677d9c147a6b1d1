#pragma once

#include <vector>

#include "models/cost_model.hpp"
#include "models/pipeline_settings.hpp"
#include "schedules/schedule.hpp"

namespace pipesim {

/// What each stage, or the fuller of its two copies, holds at most, from the order of its ops
/// alone.
std::vector<InFlight> in_flight_of(const Schedule& schedule, Recompute recompute);

}  // namespace pipesim

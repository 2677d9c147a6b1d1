#pragma once

#include "sim/step/experiment.hpp"

namespace pipesim {

/// The routes of all messages through the cluster's topology. Empty where no two pairs of devices
/// share a link: then every message has its links to itself.
SharedLinks link_routes(const Config& config, const Schedule& schedule);

}  // namespace pipesim

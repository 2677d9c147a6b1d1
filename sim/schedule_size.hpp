#pragma once

#include "models/config.hpp"

namespace pipesim {

/// Throws InputError where this machine's memory does not hold the config's schedule: found before
/// anything is built. `each_replica`: all are simulated, not only those that differ.
void check_schedule_size(const Config& config, bool each_replica = false);

}  // namespace pipesim

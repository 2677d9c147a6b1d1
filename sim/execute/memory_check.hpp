#pragma once

#include <string>

#include "sim/execute/executed_run.hpp"

namespace pipesim {

/// Where the devices' allocations first depart from the simulated trace, device by device: tag,
/// bytes and order have to agree. Empty when they do.
std::string memory_difference(const Experiment& experiment, const Timeline& simulated,
                              const Allocations& executed);

}  // namespace pipesim

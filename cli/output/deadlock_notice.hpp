#pragma once

#include "sim/step/run.hpp"

namespace pipesim::cli {

/// Where a command prints nothing else: the cycle of a run that deadlocked, to the standard error.
void tell_deadlock(const Run& run);

}  // namespace pipesim::cli

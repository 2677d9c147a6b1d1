#pragma once

#include "models/units.hpp"

namespace pipesim {

/// What this process may still allocate: the machine's available memory, within the process's own
/// limit.
Bytes available_memory();

}  // namespace pipesim

#pragma once

#include "models/base/units.hpp"

namespace pipesim {

/// What this process may still allocate: the machine's available memory, within the process's own
/// limit.
Bytes available_memory();

/// The most memory that this process has held so far.
Bytes peak_resident_memory();

}  // namespace pipesim

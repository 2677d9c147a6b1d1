#pragma once

#include <vector>

#include "sim/whatif/what_if.hpp"

namespace pipesim {

/// Settings that need less memory, the mildest first. Those that a config can't have are left out.
std::vector<Variant> smaller_variants(const Config& config);

}  // namespace pipesim

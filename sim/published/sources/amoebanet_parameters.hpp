#pragma once

#include "sim/published/figures/known_table.hpp"

namespace pipesim::published {

/// Parameters of AmoebaNet-D: those that torchgpipe prints, and exact counts.
Comparison amoebanet_parameters(const DataFiles& data);

}  // namespace pipesim::published

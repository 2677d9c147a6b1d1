#pragma once

#include "sim/published/figures/known_table.hpp"

namespace pipesim::published {

/// How much faster AmoebaNet-D trains on more P40, in more micro-batches, under torchgpipe.
Comparison torchgpipe_speed_ups(const DataFiles& data);

}  // namespace pipesim::published

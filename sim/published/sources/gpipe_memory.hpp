#pragma once

#include "sim/published/figures/known_table.hpp"

namespace pipesim::published {

// Huang et al., GPipe, arXiv:1811.06965v5, Table 1: what Transformer-L takes.

Comparison gpipe_parameters(const DataFiles& data);
Comparison gpipe_parameter_memory(const DataFiles& data);
Comparison gpipe_activation_memory(const DataFiles& data);
Comparison gpipe_largest_model(const DataFiles& data);

}  // namespace pipesim::published

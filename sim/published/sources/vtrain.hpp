#pragma once

#include "sim/published/figures/known_table.hpp"

namespace pipesim::published {

// Iteration times of Megatron-DeepSpeed that vTrain's authors measured on up to 512 A100.

Comparison vtrain_iterations(const DataFiles& data);
std::vector<MeasuredStep> vtrain_steps(const DataFiles& data);

}  // namespace pipesim::published

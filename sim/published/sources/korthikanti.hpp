#pragma once

#include "sim/published/figures/known_table.hpp"

namespace pipesim::published {

// Korthikanti et al., Reducing Activation Recomputation in Large Transformer Models,
// arXiv:2205.05198.

Comparison korthikanti_activations(const DataFiles& data);
Comparison korthikanti_layer_times(const DataFiles& data);
Comparison korthikanti_iterations(const DataFiles& data);
std::vector<MeasuredStep> korthikanti_steps(const DataFiles& data);

}  // namespace pipesim::published

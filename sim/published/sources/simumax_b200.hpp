#pragma once

#include "sim/published/figures/known_table.hpp"

namespace pipesim::published {

// Step times and memory on 8 B200 that SimuMax's authors measured.

Comparison b200_step_times(const DataFiles& data);
Comparison b200_memory(const DataFiles& data);
std::vector<MeasuredStep> b200_steps(const DataFiles& data);

}  // namespace pipesim::published

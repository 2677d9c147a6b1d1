#pragma once

#include "sim/published/figures/known_table.hpp"

namespace pipesim::published {

// Narayanan et al., SC 2021, arXiv:2104.04473, Table 1.

Comparison sc21_parameters(const DataFiles& data);
Comparison sc21_throughput(const DataFiles& data);
std::vector<MeasuredStep> sc21_steps(const DataFiles& data);

}  // namespace pipesim::published

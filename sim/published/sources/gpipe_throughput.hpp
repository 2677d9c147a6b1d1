#pragma once

#include "sim/published/figures/known_table.hpp"

namespace pipesim::published {

// Huang et al., GPipe, arXiv:1811.06965v5, Tables 2 and 3: throughput over numbers of partitions K
// and of micro-batches M, normalised.

Comparison gpipe_throughput_tpu(const DataFiles& data);
Comparison gpipe_throughput_gpu(const DataFiles& data);

}  // namespace pipesim::published

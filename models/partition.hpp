#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace pipesim {

/// How many consecutive layers each stage runs.
using Partition = std::vector<int>;

/// Equal counts; the first layers mod stages get one layer more.
Partition uniform_partition(int layers, int stages);

/// The cost of putting layers [first, last) on a stage.
using StageCostOf = std::function<std::int64_t(int stage, int first, int last)>;

/// A partition whose dearest stage is as cheap as any partition's, exactly, whatever the costs.
/// Among those, each cut in turn stands where `weight_up_to` (a running total over the layers,
/// `layers + 1` entries) is most evenly divided. Dynamic programming over suffixes: at most stages
/// · layers² / 2 calls of `cost`, stages · layers numbers of memory.
Partition min_max_partition(int layers, int stages, const StageCostOf& cost,
                            const std::vector<std::int64_t>& weight_up_to);

}  // namespace pipesim

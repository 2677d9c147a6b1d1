#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace pipesim {

/// How many consecutive layers each stage runs.
using Partition = std::vector<int>;

/// Equal counts; the first layers mod stages get one layer more.
Partition uniform_partition(int layers, int stages);

/// The cost of putting layers [first, last) on a stage. Must not shrink when the range grows.
using StageCostOf = std::function<std::int64_t(int stage, int first, int last)>;

/// A partition whose dearest stage is as cheap as any partition's, exactly. Among those, cuts stand
/// where `weight_up_to` (a running total over the layers, `layers + 1` entries) is most evenly
/// divided.
///
/// Bisects the bound; for one bound, the longest range that each stage affords in turn reaches
/// furthest, since a stage that starts later reaches no less far. O(62 · stages · log(layers))
/// calls of `cost`.
Partition min_max_partition(int layers, int stages, const StageCostOf& cost,
                            const std::vector<std::int64_t>& weight_up_to);

}  // namespace pipesim

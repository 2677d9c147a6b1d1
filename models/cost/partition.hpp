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
using CostOfRange = std::function<std::int64_t(int stage, int first, int last)>;

/// What the stage costs that costs most.
std::int64_t dearest_stage(const Partition& counts, const CostOfRange& cost);

/// A partition whose dearest stage is as cheap as any partition's, exactly, whatever the costs.
/// Among those, each cut in turn stands where `weight_up_to` (a running total over the layers,
/// `layers + 1` entries) is most evenly divided.
///
/// `least`, where it is given, is no more than the cost of that range, nor than that of any longer
/// range around it that the stage can have: where every stage has a layer, only the first begins at
/// layer 0, and only the last ends with the last layer. It keeps the search near to where the cuts
/// of a good partition can be.
///
/// Dynamic programming over suffixes of the layers: of stages · layers² / 2 ranges those that
/// `least` leaves. Where that is more than 2^23 (thousands of layers that differ much from each
/// other), the answer is the best of those that fill stages one after the other up to a bound, and
/// of equal counts.
Partition min_max_partition(int layers, int stages, const CostOfRange& cost,
                            const std::vector<std::int64_t>& weight_up_to,
                            const CostOfRange& least = {});

}  // namespace pipesim

#pragma once

#include <functional>

#include "models/cost/partition.hpp"
#include "sim/costs/peak_moments.hpp"

namespace pipesim {

/// The bytes of a stage that runs layers [first, last).
using StageSizesOf = std::function<StageCost(int stage, int first, int last)>;

/// What a partition for memory is made for.
struct MemoryRequest {
  int layers = 0;
  int stages = 0;
  StageSizesOf sizes{};
  StageSizesOf least_sizes{};  ///< As min_max_partition's `least`.
};

/// A partition whose fullest device holds little, by the moments of a schedule. Where each device
/// has one stage it is one that holds the least of all partitions (min_max_partition). Where
/// devices have several, or a stage's second copy, that is the start of a local search, and so are
/// equal counts: as long as it makes the fullest devices less full, a layer goes from one of their
/// stages to another stage, and what stands between the two moves up by a layer. The search ends
/// after 2^18 stages have been costed; the better of the two answers is returned.
Partition memory_partition(const MemoryRequest& request, const PeakMoments& moments,
                           const std::vector<std::int64_t>& weight_up_to);

}  // namespace pipesim

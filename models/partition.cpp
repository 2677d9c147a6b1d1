#include "models/partition.hpp"

#include <algorithm>
#include <stdexcept>

#include "models/units.hpp"

namespace pipesim {

namespace {

// The furthest end in [first + 1, most] that keeps the stage within the bound; `first` when none
// does.
int furthest_end(const StageCostOf& cost, int stage, int first, int most, std::int64_t bound) {
  int affordable = first;
  int end = most;
  while (affordable < end) {
    const int middle = affordable + (end - affordable + 1) / 2;
    if (cost(stage, first, middle) <= bound) {
      affordable = middle;
    } else {
      end = middle - 1;
    }
  }
  return affordable;
}

bool feasible(int layers, int stages, const StageCostOf& cost, std::int64_t bound) {
  int first = 0;
  for (int stage = 0; stage < stages; ++stage) {
    const int end = furthest_end(cost, stage, first, layers - (stages - 1 - stage), bound);
    if (end == first) return false;
    first = end;
  }
  return first == layers;
}

// The earliest place at which each stage may begin so that the rest still fits within the bound.
std::vector<int> earliest_starts(int layers, int stages, const StageCostOf& cost,
                                 std::int64_t bound) {
  std::vector<int> starts(static_cast<std::size_t>(stages) + 1, layers);
  for (int stage = stages - 1; stage >= 0; --stage) {
    const int end = starts[static_cast<std::size_t>(stage) + 1];
    int low = stage;
    int high = end - 1;
    while (low < high) {
      const int middle = low + (high - low) / 2;
      if (cost(stage, middle, end) <= bound) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    starts[static_cast<std::size_t>(stage)] = high;
  }
  return starts;
}

std::int64_t least_bound(int layers, int stages, const StageCostOf& cost) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  for (int stage = 0; stage < stages; ++stage) high = std::max(high, cost(stage, 0, layers));
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (feasible(layers, stages, cost, middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace

Partition uniform_partition(int layers, int stages) {
  Partition counts(static_cast<std::size_t>(stages), layers / stages);
  for (int stage = 0; stage < layers % stages; ++stage) ++counts[static_cast<std::size_t>(stage)];
  return counts;
}

Partition min_max_partition(int layers, int stages, const StageCostOf& cost,
                            const std::vector<std::int64_t>& weight_up_to) {
  if (stages < 1 || stages > layers) throw std::logic_error("a partition needs a layer per stage");
  const std::int64_t bound = least_bound(layers, stages, cost);
  const std::vector<int> earliest = earliest_starts(layers, stages, cost, bound);

  Partition counts;
  int first = 0;
  for (int stage = 0; stage < stages; ++stage) {
    const int latest = furthest_end(cost, stage, first, layers - (stages - 1 - stage), bound);
    const int soonest = std::max(first + 1, earliest[static_cast<std::size_t>(stage) + 1]);
    // Distance to the ideal cut, times the number of stages so that it is a whole number.
    const auto off = [&](int end) {
      const auto ideal = static_cast<Int128>(weight_up_to.back()) * (stage + 1);
      const auto there = static_cast<Int128>(weight_up_to[static_cast<std::size_t>(end)]) * stages;
      return there > ideal ? there - ideal : ideal - there;
    };
    int end = latest;
    while (end > soonest && off(end - 1) <= off(end)) --end;
    counts.push_back(end - first);
    first = end;
  }
  return counts;
}

}  // namespace pipesim

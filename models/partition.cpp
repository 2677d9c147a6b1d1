#include "models/partition.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "models/units.hpp"

namespace pipesim {

namespace {

// The least bound for stages s, s + 1, … over the layers from f on: a row for each stage, and one
// for the end.
class SuffixBounds {
 public:
  SuffixBounds(int layers, int stages, const StageCostOf& cost)
      : width_(static_cast<std::size_t>(layers) + 1),
        bounds_((static_cast<std::size_t>(stages) + 1) * width_,
                std::numeric_limits<std::int64_t>::max()) {
    at(stages, layers) = 0;
    for (int s = stages - 1; s >= 0; --s) {
      const int latest = layers - (stages - 1 - s);  // Later stages need a layer each.
      for (int first = s; first < latest; ++first) {
        std::int64_t& least = at(s, first);
        for (int last = first + 1; last <= latest; ++last) {
          const std::int64_t rest = at(s + 1, last);
          if (rest < least) least = std::min(least, std::max(rest, cost(s, first, last)));
        }
      }
    }
  }

  std::int64_t& at(int stage, int first) {
    return bounds_[static_cast<std::size_t>(stage) * width_ + static_cast<std::size_t>(first)];
  }

 private:
  std::size_t width_;
  std::vector<std::int64_t> bounds_;
};

}  // namespace

Partition uniform_partition(int layers, int stages) {
  Partition counts(static_cast<std::size_t>(stages), layers / stages);
  for (int stage = 0; stage < layers % stages; ++stage) ++counts[static_cast<std::size_t>(stage)];
  return counts;
}

Partition min_max_partition(int layers, int stages, const StageCostOf& cost,
                            const std::vector<std::int64_t>& weight_up_to) {
  if (stages < 1 || stages > layers) throw std::logic_error("a partition needs a layer per stage");
  SuffixBounds bounds(layers, stages, cost);
  const std::int64_t bound = bounds.at(0, 0);

  // How far a cut is from the ideal one, times the number of stages so that it is a whole number.
  const auto off = [&](int stage, int last) {
    const Int128 ideal = Int128{weight_up_to.back()} * (stage + 1);
    const Int128 there = Int128{weight_up_to[static_cast<std::size_t>(last)]} * stages;
    return there > ideal ? there - ideal : ideal - there;
  };
  Partition counts;
  int first = 0;
  for (int stage = 0; stage < stages; ++stage) {
    int cut = 0;
    for (int last = first + 1; last <= layers - (stages - 1 - stage); ++last) {
      if (bounds.at(stage + 1, last) > bound || cost(stage, first, last) > bound) continue;
      if (cut == 0 || off(stage, last) < off(stage, cut)) cut = last;
    }
    counts.push_back(cut - first);
    first = cut;
  }
  return counts;
}

}  // namespace pipesim

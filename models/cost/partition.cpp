#include "models/cost/partition.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "models/base/units.hpp"

namespace pipesim {

namespace {

constexpr std::int64_t no_bound = std::numeric_limits<std::int64_t>::max();

std::size_t index(int number) {
  return static_cast<std::size_t>(number);
}

// The largest number from `from` to `to` for which a property holds that holds up to some number;
// it is taken to hold for `from`.
template <class Holds>
int last_with(int from, int to, Holds&& holds) {
  while (from < to) {
    const int middle = to - (to - from) / 2;
    holds(middle) ? from = middle : to = middle - 1;
  }
  return from;
}

// Stage after stage takes as many layers as the bound allows. Empty where that does not reach the
// end, as it may though the bound can be kept: costs need not grow with the range.
Partition filled_up_to(std::int64_t bound, int layers, int stages, const CostOfRange& cost) {
  Partition counts;
  int first = 0;
  for (int stage = 0; stage < stages; ++stage) {
    const int latest = layers - (stages - 1 - stage);
    const int earliest = stage + 1 == stages ? layers : first + 1;
    const int last =
        last_with(earliest, latest, [&](int to) { return cost(stage, first, to) <= bound; });
    if (cost(stage, first, last) > bound) return {};
    counts.push_back(last - first);
    first = last;
  }
  return counts;
}

// Equal counts, or better by the least bound up to which stages can be filled.
Partition good_partition(int layers, int stages, const CostOfRange& cost) {
  Partition best = uniform_partition(layers, stages);
  std::int64_t reached = dearest_stage(best, cost);
  for (std::int64_t refused = -1; reached - refused > 1;) {
    const std::int64_t bound = refused + (reached - refused) / 2;
    Partition counts = filled_up_to(bound, layers, stages, cost);
    if (counts.empty()) {
      refused = bound;
    } else {
      reached = dearest_stage(counts, cost);
      best = std::move(counts);
    }
  }
  return best;
}

// Where each stage may begin; the entry behind the last stage is the end of the layers.
struct Windows {
  std::vector<int> earliest{};
  std::vector<int> latest{};

  int size(int stage) const { return latest[index(stage)] - earliest[index(stage)] + 1; }
};

Windows all_windows(int layers, int stages) {
  Windows windows;
  for (int stage = 0; stage < stages; ++stage) {
    windows.earliest.push_back(stage);
    windows.latest.push_back(stage == 0 ? 0 : layers - (stages - stage));
  }
  windows.earliest.push_back(layers);
  windows.latest.push_back(layers);
  return windows;
}

// The cuts that remain when no stage may cost more than the bound: a stage begins no later than the
// stages before it can reach, and no earlier than the stages behind it can begin.
Windows windows_within(std::int64_t bound, int layers, int stages, const CostOfRange& least) {
  Windows windows = all_windows(layers, stages);
  for (int stage = 0; stage + 1 < stages; ++stage) {
    const int from = windows.latest[index(stage)];
    int& latest = windows.latest[index(stage) + 1];
    latest = last_with(std::min(from, latest), latest,
                       [&](int to) { return least(stage, from, to) <= bound; });
  }
  for (int stage = stages - 1; stage > 0; --stage) {
    const int to = windows.earliest[index(stage) + 1];
    int& earliest = windows.earliest[index(stage)];
    earliest =
        -last_with(-to, -earliest, [&](int back) { return least(stage, -back, to) <= bound; });
  }
  return windows;
}

// The ranges of a partition whose stages begin within the windows and cost at most so much, and the
// least bound for a stage and those behind it from where it may begin.
class SuffixBounds {
 public:
  SuffixBounds(Windows windows, std::int64_t most, const CostOfRange& least)
      : windows_(std::move(windows)), most_(most), least_(least) {}

  // How many ranges there are, up to a limit.
  std::int64_t ranges(std::int64_t limit) const {
    std::int64_t sum = 0;
    for (int stage = 0; stage < stages() && sum <= limit; ++stage) {
      each_range(stage, [&](int, int from, int to) {
        sum += std::max(0, to - from + 1) + 1;
        return sum <= limit;
      });
    }
    return sum;
  }

  void fill(const CostOfRange& cost) {
    bounds_.resize(index(stages()) + 1);
    bounds_.back() = {0};
    for (int stage = stages() - 1; stage >= 0; --stage) {
      bounds_[index(stage)].assign(index(std::max(0, windows_.size(stage))), no_bound);
      each_range(stage, [&](int first, int from, int to) {
        std::int64_t& bound = bounds_[index(stage)][index(first - windows_.earliest[index(stage)])];
        for (int last = from; last <= to; ++last) {
          const std::int64_t rest = at(stage + 1, last);
          if (rest < bound) bound = std::min(bound, std::max(rest, cost(stage, first, last)));
        }
        return true;
      });
    }
  }

  std::int64_t at(int stage, int first) const {
    const int offset = first - windows_.earliest[index(stage)];
    const bool inside = offset >= 0 && first <= windows_.latest[index(stage)];
    return inside ? bounds_[index(stage)][index(offset)] : no_bound;
  }

 private:
  Windows windows_;
  std::int64_t most_;
  const CostOfRange& least_;
  std::vector<std::vector<std::int64_t>> bounds_{};

  int stages() const { return static_cast<int>(windows_.earliest.size()) - 1; }

  // Calls visit(first, from, to) for each of a stage's beginnings, with where it may end, until
  // that returns false. A later beginning ends no earlier.
  template <class Visit>
  void each_range(int stage, Visit&& visit) const {
    const int latest = windows_.latest[index(stage) + 1];
    const int earliest = windows_.earliest[index(stage) + 1];
    int to = least_ ? earliest : latest;
    for (int first = windows_.earliest[index(stage)]; first <= windows_.latest[index(stage)];
         ++first) {
      to = std::min(latest, std::max(to, first + 1));
      while (to < latest && least_(stage, first, to + 1) <= most_) ++to;
      if (!visit(first, std::max(first + 1, earliest), to)) return;
    }
  }
};

}  // namespace

std::int64_t dearest_stage(const Partition& counts, const CostOfRange& cost) {
  std::int64_t most = 0;
  int first = 0;
  for (std::size_t s = 0; s < counts.size(); ++s) {
    most = std::max(most, cost(static_cast<int>(s), first, first + counts[s]));
    first += counts[s];
  }
  return most;
}

Partition uniform_partition(int layers, int stages) {
  Partition counts(static_cast<std::size_t>(stages), layers / stages);
  for (int stage = 0; stage < layers % stages; ++stage) ++counts[static_cast<std::size_t>(stage)];
  return counts;
}

Partition min_max_partition(int layers, int stages, const CostOfRange& cost,
                            const std::vector<std::int64_t>& weight_up_to,
                            const CostOfRange& least) {
  if (stages < 1 || stages > layers) throw std::logic_error("a partition needs a layer per stage");
  constexpr std::int64_t most_ranges = 1 << 23;
  Partition good = good_partition(layers, stages, cost);
  const std::int64_t most = dearest_stage(good, cost);
  SuffixBounds bounds(
      least ? windows_within(most, layers, stages, least) : all_windows(layers, stages), most,
      least);
  if (bounds.ranges(most_ranges) > most_ranges) return good;
  bounds.fill(cost);
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

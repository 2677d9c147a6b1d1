#include "sim/costs/memory_partition.hpp"
#include "models/base/index.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace pipesim {

namespace {

// How full the devices are: less is better.
struct Fullness {
  Bytes peak = 0;   // Of the fullest.
  int devices = 0;  // As many are that full.

  auto operator<=>(const Fullness&) const = default;
};

// A layer from one stage to another. The layers between them each move up by a stage's end.
struct Move {
  int from = 0;
  int to = 0;
};

// A partition, what its stages cost, and what its devices hold.
class Search {
 public:
  Search(const MemoryRequest& request, const PeakMoments& moments, const Partition& counts)
      : request_(request), moments_(moments), counts_(counts), devices_of_(counts.size()) {
    const auto& stages = moments_.stages_of_devices();
    for (std::size_t device = 0; device < stages.size(); ++device) {
      for (const StageCopy& stage : stages[device]) {
        devices_of_[as_index(stage.stage)].push_back(static_cast<int>(device));
      }
    }
    costs_.resize(counts.size());
    cost(0, request.stages - 1, counts_, costs_);
    for (std::size_t device = 0; device < stages.size(); ++device) {
      peaks_.push_back(moments_.of_device(static_cast<int>(device), costs_));
    }
  }

  void improve() {
    while (const std::optional<Move> move = best_move()) take(*move);
  }

  Fullness fullness() const { return fullness_of(peaks_); }
  const Partition& counts() const { return counts_; }

 private:
  static constexpr int most_costed = 1 << 18;

  const MemoryRequest& request_;
  const PeakMoments& moments_;
  Partition counts_;
  std::vector<std::vector<int>> devices_of_;  // [stage]
  std::vector<StageCost> costs_{};
  std::vector<Bytes> peaks_{};
  int costed_ = 0;

  static Fullness fullness_of(const std::vector<Bytes>& peaks) {
    const Bytes peak = std::ranges::max(peaks);
    return {.peak = peak, .devices = static_cast<int>(std::ranges::count(peaks, peak))};
  }

  // Costs stages first to last of a partition.
  void cost(int first, int last, const Partition& counts, std::vector<StageCost>& costs) {
    int begin = 0;
    for (int stage = 0; stage < first; ++stage) begin += counts[as_index(stage)];
    for (int stage = first; stage <= last; ++stage) {
      const int end = begin + counts[as_index(stage)];
      costs[as_index(stage)] = request_.sizes(stage, begin, end);
      begin = end;
    }
    costed_ += last - first + 1;
  }

  std::vector<Bytes> peaks_after(int first, int last, const std::vector<StageCost>& costs) const {
    std::vector<Bytes> peaks = peaks_;
    std::vector<int> changed;
    for (int stage = first; stage <= last; ++stage) {
      for (const int device : devices_of_[as_index(stage)]) changed.push_back(device);
    }
    std::ranges::sort(changed);
    const auto twice = std::ranges::unique(changed);
    changed.erase(twice.begin(), twice.end());
    for (const int device : changed) peaks[as_index(device)] = moments_.of_device(device, costs);
    return peaks;
  }

  // What would be with a layer moved.
  struct Moved {
    Partition counts{};
    std::vector<StageCost> costs{};
    std::vector<Bytes> peaks{};
  };
  Moved moved(const Move& move) {
    Moved after{.counts = counts_, .costs = costs_};
    --after.counts[as_index(move.from)];
    ++after.counts[as_index(move.to)];
    const auto [first, last] = std::minmax(move.from, move.to);
    cost(first, last, after.counts, after.costs);
    after.peaks = peaks_after(first, last, after.costs);
    return after;
  }

  void take(const Move& move) {
    Moved after = moved(move);
    counts_ = std::move(after.counts);
    costs_ = std::move(after.costs);
    peaks_ = std::move(after.peaks);
  }

  std::vector<int> fullest_stages() const {
    std::vector<int> stages;
    const Bytes peak = std::ranges::max(peaks_);
    for (std::size_t stage = 0; stage < counts_.size(); ++stage) {
      const bool full = std::ranges::any_of(
          devices_of_[stage], [&](int device) { return peaks_[as_index(device)] == peak; });
      if (full) stages.push_back(static_cast<int>(stage));
    }
    return stages;
  }

  // The first of those after which the devices are least full; none where no move makes them less.
  std::optional<Move> best_move() {
    std::optional<Move> best;
    Fullness least = fullness();
    const auto try_move = [&](const Move& move) {
      if (costed_ >= most_costed || counts_[as_index(move.from)] < 2) return;
      const Fullness after = fullness_of(moved(move).peaks);
      if (after < least) {
        least = after;
        best = move;
      }
    };
    // To a full stage, too: a wide layer at its edge may be what fills it.
    for (const int stage : fullest_stages()) {
      for (int other = 0; other < request_.stages; ++other) {
        if (other == stage) continue;
        try_move({.from = stage, .to = other});
        try_move({.from = other, .to = stage});
      }
    }
    return best;
  }
};

}  // namespace

Partition memory_partition(const MemoryRequest& request, const PeakMoments& moments,
                           const std::vector<std::int64_t>& weight_up_to) {
  const auto peak = [&](const StageSizesOf& sizes) {
    return [&moments, &sizes](int stage, int first, int last) {
      return moments.of_stage(stage, sizes(stage, first, last));
    };
  };
  Partition by_stage = min_max_partition(request.layers, request.stages, peak(request.sizes),
                                         weight_up_to, peak(request.least_sizes));
  const bool several = std::ranges::any_of(moments.stages_of_devices(),
                                           [](const auto& stages) { return stages.size() > 1; });
  if (!several) return by_stage;
  Search search(request, moments, by_stage);
  Search other(request, moments, uniform_partition(request.layers, request.stages));
  search.improve();
  other.improve();
  return other.fullness() < search.fullness() ? other.counts() : search.counts();
}

}  // namespace pipesim

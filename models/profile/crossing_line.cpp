#include "models/profile/crossing_line.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "models/base/index.hpp"
#include "models/base/split_mix.hpp"

namespace pipesim {

namespace {

// A closed set of layers, and the best line that leads to it.
struct Prefix {
  std::uint64_t hash = 0;                // The sum of its layers' scrambled numbers.
  Bytes sum = 0;                         // Over the cuts of its line.
  Bytes crossing = 0;                    // Its own cut.
  int step = -1;                         // In the steps taken: its last layer.
  std::vector<std::uint16_t> untaken{};  // [layer]: the layers that still wait for its output.
  std::vector<std::uint16_t> missing{};  // [layer]: what it still waits for.
  std::vector<int> ready{};              // Layers that wait for nothing, in order.
};

// A prefix with one layer more, not yet made.
struct Candidate {
  std::uint64_t hash = 0;
  Bytes sum = 0;
  Bytes crossing = 0;
  int before = 0;  // In the level's prefixes.
  int layer = 0;
};

struct Step {
  int before = -1;
  int layer = 0;
  Bytes crossing = 0;
};

struct Limits {
  std::size_t prefixes = 0;    // Of a level: of one number of layers.
  std::size_t candidates = 0;  // Of a level.
  std::size_t all = 0;         // Of all levels.
  bool may_drop = false;       // Goes on with the best where there are more; else gives up.
};

class Search {
 public:
  Search(const ProfileGraph& graph, const Limits& limits)
      : graph_(graph), limits_(limits), takes_(graph.nodes.size()), hands_to_(graph.nodes.size()) {
    for (const auto& [from, to] : graph.edges) {
      takes_[as_index(to)].push_back(from);
      hands_to_[as_index(from)].push_back(to);
    }
  }

  /// Its layers are empty where the search gave up.
  CrossingLine line() {
    level_ = {nothing()};
    for (std::size_t size = 0; size < graph_.nodes.size(); ++size) {
      if (!go_on()) return {};
    }
    return traced();
  }

 private:
  const ProfileGraph& graph_;
  Limits limits_;
  std::vector<std::vector<int>> takes_;     // takes_[layer]: the layers that hand it something.
  std::vector<std::vector<int>> hands_to_;  // The other way round.
  std::vector<Prefix> level_{};
  std::vector<Candidate> candidates_{};
  std::vector<Step> steps_{};
  bool dropped_ = false;

  Prefix nothing() const {
    Prefix prefix;
    for (std::size_t layer = 0; layer < graph_.nodes.size(); ++layer) {
      prefix.untaken.push_back(static_cast<std::uint16_t>(hands_to_[layer].size()));
      prefix.missing.push_back(static_cast<std::uint16_t>(takes_[layer].size()));
      if (takes_[layer].empty()) prefix.ready.push_back(static_cast<int>(layer));
    }
    return prefix;
  }

  // From all prefixes of a size to those with one layer more.
  bool go_on() {
    find_candidates();
    if (!keep_best()) return false;
    std::vector<Prefix> next;
    next.reserve(candidates_.size());
    for (const Candidate& candidate : candidates_) next.push_back(extended(candidate));
    level_ = std::move(next);
    return true;
  }

  void find_candidates() {
    candidates_.clear();
    for (std::size_t at = 0; at < level_.size(); ++at) {
      const Prefix& prefix = level_[at];
      const bool too_many = candidates_.size() + prefix.ready.size() > limits_.candidates;
      if (at > 0 && too_many) {  // The cheapest stand first.
        dropped_ = true;
        return;
      }
      for (const int layer : prefix.ready) {
        const Bytes crossing = crossing_with(prefix, layer);
        candidates_.push_back({.hash = prefix.hash + scrambled(static_cast<std::uint64_t>(layer)),
                               .sum = capped_sum(prefix.sum, crossing),
                               .crossing = crossing,
                               .before = static_cast<int>(at),
                               .layer = layer});
      }
    }
  }

  Bytes crossing_with(const Prefix& prefix, int layer) const {
    Bytes crossing = prefix.crossing;
    if (!hands_to_[as_index(layer)].empty())
      crossing += graph_.nodes[as_index(layer)].activation_bytes;
    for (const int taken : takes_[as_index(layer)]) {
      if (prefix.untaken[as_index(taken)] == 1) {
        crossing -= graph_.nodes[as_index(taken)].activation_bytes;
      }
    }
    return crossing;
  }

  // Of several ways to a set the best remains; of too many sets, those with the least sums.
  bool keep_best() {
    std::unordered_map<std::uint64_t, std::size_t> place_of;
    place_of.reserve(candidates_.size());
    std::size_t kept = 0;
    for (const Candidate& candidate : candidates_) {
      const auto [found, is_new] = place_of.try_emplace(candidate.hash, kept);
      if (is_new) {
        candidates_[kept++] = candidate;
        continue;
      }
      Candidate& known = candidates_[found->second];
      if (std::pair(candidate.sum, -candidate.layer) < std::pair(known.sum, -known.layer)) {
        known = candidate;
      }
    }
    candidates_.resize(kept);
    dropped_ = dropped_ || kept > limits_.prefixes;
    if (!limits_.may_drop && (dropped_ || steps_.size() + kept > limits_.all)) return false;
    if (limits_.may_drop) std::ranges::stable_sort(candidates_, {}, &Candidate::sum);
    candidates_.resize(std::min(kept, limits_.prefixes));
    return true;
  }

  Prefix extended(const Candidate& candidate) {
    const Prefix& before = level_[as_index(candidate.before)];
    Prefix prefix{.hash = candidate.hash,
                  .sum = candidate.sum,
                  .crossing = candidate.crossing,
                  .step = static_cast<int>(steps_.size()),
                  .untaken = before.untaken,
                  .missing = before.missing,
                  .ready = before.ready};
    steps_.push_back(
        {.before = before.step, .layer = candidate.layer, .crossing = candidate.crossing});
    for (const int taken : takes_[as_index(candidate.layer)]) --prefix.untaken[as_index(taken)];
    prefix.ready.erase(std::ranges::lower_bound(prefix.ready, candidate.layer));
    for (const int next : hands_to_[as_index(candidate.layer)]) {
      if (--prefix.missing[as_index(next)] > 0) continue;
      prefix.ready.insert(std::ranges::lower_bound(prefix.ready, next), next);
    }
    return prefix;
  }

  CrossingLine traced() const {
    CrossingLine line{.is_least = !dropped_};
    const auto best = std::ranges::min_element(level_, {}, &Prefix::sum);
    for (int at = best->step; at >= 0; at = steps_[as_index(at)].before) {
      line.layers.push_back(steps_[as_index(at)].layer);
      line.crossing_bytes.push_back(steps_[as_index(at)].crossing);
    }
    std::ranges::reverse(line.layers);
    std::ranges::reverse(line.crossing_bytes);
    for (std::size_t layer = 0; layer < graph_.nodes.size(); ++layer) {
      if (hands_to_[layer].empty()) {
        line.crossing_bytes.back() += graph_.nodes[layer].activation_bytes;
      }
    }
    return line;
  }
};

}  // namespace

CrossingLine least_crossing_line(const ProfileGraph& graph) {
  check_has_layer(graph);
  const std::size_t layers = graph.nodes.size();
  const std::size_t all = std::min<std::size_t>((1 << 29) / layers, 1 << 19);
  const Limits every{.prefixes = std::min<std::size_t>((1 << 24) / layers, 1 << 17),
                     .candidates = std::min<std::size_t>((1 << 28) / layers, 1 << 20),
                     .all = all};
  CrossingLine line = Search(graph, every).line();
  if (!line.layers.empty()) return line;
  const Limits best{.prefixes = std::clamp<std::size_t>(all / layers, 1, 1 << 12),
                    .candidates = std::min<std::size_t>((1 << 24) / layers, 1 << 16),
                    .may_drop = true};
  return Search(graph, best).line();
}

}  // namespace pipesim

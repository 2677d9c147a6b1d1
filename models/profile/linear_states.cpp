#include "models/profile/linear_states.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/dynamic_bitset.hpp>
#include <boost/graph/adjacency_list.hpp>
#include <boost/range/iterator_range.hpp>
#include <map>
#include <utility>

namespace pipesim {

namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;
using LayerSet = boost::dynamic_bitset<>;

constexpr std::size_t most_states = 1 << 13;
// Layers that wait for nothing but what is there can follow in any order: n of them make 2^n cuts.
constexpr std::size_t most_side_by_side = 13;

InputError too_many(const ProfileGraph& graph, std::string_view got) {
  return InputError(
      fmt::format("{}: /: can be cut in more than {} ways, got {}", graph.file, most_states, got),
      "long branches side by side multiply: merge the layers of each branch");
}

// What is known of a state until its successors have been made.
struct Frontier {
  LayerSet members{};
  std::vector<int> ready{};  // Layers that depend on members alone, in order.
};

class Enumeration {
 public:
  explicit Enumeration(const ProfileGraph& graph)
      : graph_(graph),
        links_(graph.nodes.size()),
        takes_(graph.nodes.size(), LayerSet(graph.nodes.size())),
        hands_to_(takes_) {
    for (const auto& [from, to] : graph.edges) {
      add_edge(index(from), index(to), links_);
      takes_[index(to)].set(index(from));
      hands_to_[index(from)].set(index(to));
    }
  }

  // By number of layers, since states are made in the order in which they are worked through.
  std::vector<LinearState> states() {
    Frontier nothing{.members = LayerSet(graph_.nodes.size())};
    for (std::size_t layer = 0; layer < graph_.nodes.size(); ++layer) {
      if (takes_[layer].none()) nothing.ready.push_back(static_cast<int>(layer));
    }
    check_width(nothing);
    add_successors(-1, nothing);
    for (std::size_t at = 0; at < states_.size(); ++at) {
      const Frontier frontier = std::exchange(frontiers_[at], {});
      add_successors(static_cast<int>(at), frontier);
    }
    add_results(states_.back());
    return std::move(states_);
  }

 private:
  const ProfileGraph& graph_;
  Graph links_;
  std::vector<LayerSet> takes_;     // takes_[layer]: the layers that hand it something.
  std::vector<LayerSet> hands_to_;  // The other way round.
  std::vector<LinearState> states_{};
  std::vector<Frontier> frontiers_{};
  std::map<LayerSet, int> known_{};

  static std::size_t index(int layer) { return static_cast<std::size_t>(layer); }

  void check_width(const Frontier& frontier) const {
    if (frontier.ready.size() <= most_side_by_side) return;
    throw too_many(graph_, fmt::format("{} layers side by side", frontier.ready.size()));
  }

  void add_successors(int from, const Frontier& frontier) {
    for (const int layer : frontier.ready) {
      LayerSet members = frontier.members;
      members.set(index(layer));
      const auto [found, is_new] =
          known_.try_emplace(std::move(members), static_cast<int>(states_.size()));
      if (is_new) add_state(from, layer, frontier, found->first);
      states_[index(found->second)].steps.push_back({.state = from, .layer = layer});
    }
  }

  void add_state(int from, int layer, const Frontier& before, const LayerSet& members) {
    if (states_.size() == most_states) throw too_many(graph_, "still more");
    LinearState state = from < 0 ? LinearState{} : states_[index(from)];
    const ProfileNode& node = graph_.nodes[index(layer)];
    state.steps.clear();
    ++state.layers;
    state.compute += node.forward + node.backward;
    state.parameter_bytes += node.parameter_bytes;
    if (hands_to_[index(layer)].any()) state.crossing_bytes += node.activation_bytes;
    for (const auto edge : boost::make_iterator_range(in_edges(index(layer), links_))) {
      const std::size_t taken = source(edge, links_);
      const bool last_to_take_it = hands_to_[taken].is_subset_of(members);
      if (last_to_take_it) state.crossing_bytes -= graph_.nodes[taken].activation_bytes;
    }
    states_.push_back(std::move(state));
    frontiers_.push_back({.members = members, .ready = ready_after(layer, before, members)});
    check_width(frontiers_.back());
  }

  std::vector<int> ready_after(int layer, const Frontier& before, const LayerSet& members) const {
    std::vector<int> ready = before.ready;
    std::erase(ready, layer);
    for (const auto edge : boost::make_iterator_range(out_edges(index(layer), links_))) {
      const std::size_t next = target(edge, links_);
      if (takes_[next].is_subset_of(members)) ready.push_back(static_cast<int>(next));
    }
    std::ranges::sort(ready);
    return ready;
  }

  void add_results(LinearState& whole) const {
    for (std::size_t layer = 0; layer < graph_.nodes.size(); ++layer) {
      if (hands_to_[layer].none()) whole.crossing_bytes += graph_.nodes[layer].activation_bytes;
    }
  }
};

}  // namespace

std::vector<LinearState> linear_states(const ProfileGraph& graph) {
  check_has_layer(graph);
  if (graph.nodes.size() > most_states) {
    throw too_many(graph, fmt::format("{} layers", graph.nodes.size()));
  }
  return Enumeration(graph).states();
}

}  // namespace pipesim

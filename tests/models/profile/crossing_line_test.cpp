#include "models/profile/crossing_line.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "models/profile/linear_states.hpp"
#include "support/models/graphs.hpp"

namespace pipesim::test {

namespace {

std::string line_of(const ProfileGraph& graph) {
  return fmt::format("{}", fmt::join(least_crossing_line(graph).layers, " "));
}

Bytes sum_of(const CrossingLine& line) {
  return std::accumulate(line.crossing_bytes.begin(), line.crossing_bytes.end(), Bytes{0});
}

// The least sum over all ways to cut the graph, from their list.
Bytes least_of_states(const ProfileGraph& graph) {
  const std::vector<LinearState> states = linear_states(graph);
  std::vector<Bytes> least;
  for (const LinearState& state : states) {
    Bytes before = bytes_limit;
    for (const LinearState::Step& step : state.steps) {
      before = std::min(before, step.state < 0 ? 0 : least[static_cast<std::size_t>(step.state)]);
    }
    least.push_back(before + state.crossing_bytes);
  }
  return least.back();
}

// Every layer once, behind all that it takes, and at each cut what crosses it.
void check_sound(const ProfileGraph& graph, const CrossingLine& line) {
  REQUIRE(line.layers.size() == graph.nodes.size());
  REQUIRE(line.crossing_bytes.size() == graph.nodes.size());
  std::vector<int> place(graph.nodes.size(), -1);
  for (std::size_t at = 0; at < line.layers.size(); ++at) {
    CHECK(std::exchange(place[static_cast<std::size_t>(line.layers[at])], static_cast<int>(at)) ==
          -1);
  }
  std::vector<int> last_taken(graph.nodes.size(), -1);
  for (const ProfileEdge& edge : graph.edges) {
    const int from = place[static_cast<std::size_t>(edge.from)];
    const int to = place[static_cast<std::size_t>(edge.to)];
    CHECK(from < to);
    int& last = last_taken[static_cast<std::size_t>(edge.from)];
    last = std::max(last, to);
  }
  Bytes crossing = 0;
  std::vector<Bytes> freed(graph.nodes.size());
  for (std::size_t at = 0; at < line.layers.size(); ++at) {
    const auto layer = static_cast<std::size_t>(line.layers[at]);
    const Bytes bytes = graph.nodes[layer].activation_bytes;
    const bool is_result = last_taken[layer] < 0;
    crossing += is_result ? 0 : bytes;
    if (!is_result) freed[static_cast<std::size_t>(last_taken[layer])] += bytes;
    crossing -= freed[at];
    if (at + 1 < line.layers.size()) CHECK(line.crossing_bytes[at] == crossing);
  }
}

// Adds layers to a graph by the figures that matter here.
struct Sketch {
  std::vector<Bytes> activations{};
  std::vector<ProfileEdge> edges{};

  int add(const std::vector<int>& takes, Bytes bytes) {
    const int layer = static_cast<int>(activations.size());
    activations.push_back(bytes);
    for (const int taken : takes) edges.push_back({taken, layer});
    return layer;
  }
  int chain(int from, int layers, Bytes bytes) {
    for (int i = 0; i < layers; ++i) from = add({from}, bytes);
    return from;
  }
  ProfileGraph graph() {
    std::ranges::sort(edges);
    return graph_of(activations, edges);
  }
};

// Modules of four branches, one behind the other: 1,400 cuts each.
Sketch inception_like(int modules) {
  Sketch sketch;
  int from = sketch.chain(sketch.add({}, 100), 10, 100);
  for (int m = 0; m < modules; ++m) {
    std::vector<int> ends;
    for (const int layers : {3, 6, 9, 4}) {
      ends.push_back(sketch.chain(from, layers, 10 + (7 * m + layers) % 13));
    }
    from = sketch.add(ends, 100);
  }
  return sketch;
}

// Cells that take the results of the two before them, with branches of eight layers.
Sketch nasnet_like(int cells) {
  Sketch sketch;
  int before = sketch.add({}, 80);
  int last = sketch.add({before}, 80);
  for (int cell = 0; cell < cells; ++cell) {
    const int left = sketch.chain(before, 3, 40);
    const int right = sketch.chain(last, 3, 40);
    std::vector<int> parts = {left};
    for (int i = 0; i < 5; ++i) {
      parts.push_back(sketch.add(
          {sketch.chain(i % 2 == 0 ? right : left, 8, 40), sketch.chain(left, 8, 40)}, 40));
    }
    before = std::exchange(last, sketch.add(parts, 240));
  }
  return sketch;
}

// A chain whose layers each take a part of what a second source brings, as GNMT's decoder does.
Sketch gnmt_like(int layers) {
  Sketch sketch;
  int from = sketch.chain(sketch.add({}, 13), 40, 13);
  const int hidden = sketch.add({}, 0);
  for (int i = 0; i < layers; ++i) {
    from = sketch.chain(sketch.add({from, sketch.add({hidden}, 0)}, 14), 6, 13);
  }
  return sketch;
}

}  // namespace

TEST_SUITE("models/profile/crossing_line") {
  TEST_CASE("a chain's line is the chain") {
    const CrossingLine line = least_crossing_line(chain_of({7, 5, 3}));
    CHECK(line.layers == std::vector<int>{0, 1, 2});
    CHECK(line.crossing_bytes == std::vector<Bytes>{7, 5, 3});
    CHECK(line.is_least);
    CHECK(least_crossing_line(chain_of(std::vector<Bytes>(8192, 1))).layers.size() == 8192);
  }

  TEST_CASE("what a skip connection carries crosses every cut under it, once") {
    // 0 → 1 → 2 → 3 and 0 → 3, as in a residual block; 3 also feeds 4 and 5 behind it.
    const ProfileGraph graph =
        graph_of({100, 20, 3, 50, 7, 1}, {{0, 1}, {0, 3}, {1, 2}, {2, 3}, {3, 4}, {3, 5}, {4, 5}});
    CHECK(least_crossing_line(graph).crossing_bytes ==
          std::vector<Bytes>{100, 120, 103, 50, 57, 1});
  }

  TEST_CASE("of two branches the one that shrinks goes on first") {
    // What 0 hands to both stays until both have begun.
    const ProfileGraph graph =
        graph_of({100, 10, 40, 20, 5, 1}, {{0, 1}, {0, 2}, {1, 3}, {2, 4}, {3, 5}, {4, 5}});
    CHECK(line_of(graph) == "0 1 2 4 3 5");
  }

  TEST_CASE("among equal lines layers stand by name") {
    CHECK(line_of(graph_of({1, 1, 1, 1}, {{0, 1}, {0, 2}, {1, 3}, {2, 3}})) == "0 1 2 3");
    CHECK(line_of(graph_of({0, 0, 0, 0}, {})) == "0 1 2 3");
  }

  TEST_CASE("no line has less that crosses its cuts") {
    std::mt19937 random(12);
    for (int trial = 0; trial < 2000; ++trial) {
      const ProfileGraph graph = random_graph(random, 9);
      CAPTURE(trial);
      const CrossingLine line = least_crossing_line(graph);
      REQUIRE(line.is_least);
      check_sound(graph, line);
      REQUIRE(sum_of(line) == least_of_states(graph));
    }
  }

  TEST_CASE("modules one behind the other add up, whatever their number") {
    // Five modules are few enough to be listed.
    const ProfileGraph five = inception_like(5).graph();
    CHECK(sum_of(least_crossing_line(five)) == least_of_states(five));
    for (const int modules : {11, 60}) {
      const ProfileGraph graph = inception_like(modules).graph();
      const CrossingLine line = least_crossing_line(graph);
      CHECK(line.is_least);
      check_sound(graph, line);
    }
  }

  TEST_CASE("a second source is taken where it is needed") {
    const ProfileGraph graph = gnmt_like(8).graph();
    const CrossingLine line = least_crossing_line(graph);
    CHECK(line.is_least);
    check_sound(graph, line);
  }

  TEST_CASE("a graph too wide for all its cuts has a line all the same") {
    const ProfileGraph cells = nasnet_like(12).graph();
    const CrossingLine line = least_crossing_line(cells);
    check_sound(cells, line);
    // Never more than layer after layer as they are made, branch by branch.
    Bytes in_order = 0;
    for (std::size_t layer = 0; layer + 1 < cells.nodes.size(); ++layer) {
      std::vector<bool> crosses(cells.nodes.size());
      for (const ProfileEdge& edge : cells.edges) {
        const auto at = static_cast<int>(layer);
        if (edge.from <= at && edge.to > at) crosses[static_cast<std::size_t>(edge.from)] = true;
      }
      for (std::size_t from = 0; from <= layer; ++from) {
        in_order += crosses[from] ? cells.nodes[from].activation_bytes : 0;
      }
    }
    CHECK(sum_of(line) <= in_order + cells.nodes.back().activation_bytes);

    Sketch fan;
    std::vector<int> ends;
    const int source = fan.add({}, 1);
    for (int i = 0; i < 1000; ++i) ends.push_back(fan.add({source}, 1));
    fan.add(ends, 1);
    const ProfileGraph wide = fan.graph();
    const CrossingLine best = least_crossing_line(wide);
    CHECK(!best.is_least);
    check_sound(wide, best);
  }

  TEST_CASE("inputs alone are no model") {
    CHECK_THROWS_WITH_AS(
        least_crossing_line({.file = "g.txt"}),
        "g.txt: /: must hold a layer, got inputs alone\n"
        "  hint: a node whose description begins with \"Input\" is no layer unless "
        "it takes something",
        InputError);
  }
}

}  // namespace pipesim::test

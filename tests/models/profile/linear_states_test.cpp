#include "models/profile/linear_states.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/models/graphs.hpp"

namespace pipesim::test {

namespace {

std::vector<Bytes> crossing(const std::vector<LinearState>& states) {
  std::vector<Bytes> bytes;
  for (const LinearState& state : states) bytes.push_back(state.crossing_bytes);
  return bytes;
}

// Whether a set of layers, a bit for each, holds all that its layers depend on.
bool is_closed(const ProfileGraph& graph, unsigned set) {
  return std::ranges::all_of(graph.edges, [&](const ProfileEdge& edge) {
    return (set >> edge.to & 1) == 0 || (set >> edge.from & 1) != 0;
  });
}

Bytes crossing(const ProfileGraph& graph, unsigned set) {
  const bool whole = set + 1 == 1U << graph.nodes.size();
  Bytes sum = 0;
  for (int layer = 0; layer < static_cast<int>(graph.nodes.size()); ++layer) {
    const bool is_taken = std::ranges::any_of(
        graph.edges, [&](const ProfileEdge& edge) { return edge.from == layer; });
    const bool crosses = std::ranges::any_of(graph.edges, [&](const ProfileEdge& edge) {
      return edge.from == layer && (set >> edge.to & 1) == 0;
    });
    if ((set >> layer & 1) != 0 && (whole ? !is_taken : crosses)) {
      sum += graph.nodes[static_cast<std::size_t>(layer)].activation_bytes;
    }
  }
  return sum;
}

// The states as sets, by way of the layers that each adds.
std::vector<unsigned> sets_of(const std::vector<LinearState>& states) {
  std::vector<unsigned> sets;
  for (const LinearState& state : states) {
    const LinearState::Step& step = state.steps.front();
    const unsigned before = step.state < 0 ? 0 : sets[static_cast<std::size_t>(step.state)];
    sets.push_back(before | 1U << step.layer);
  }
  return sets;
}

}  // namespace

TEST_SUITE("models/profile/linear_states") {
  TEST_CASE("state i of a chain holds layers 0 to i, and layer i's activation crosses its cut") {
    const std::vector<LinearState> states = linear_states(chain_of({7, 5, 3}));
    CHECK(crossing(states) == std::vector<Bytes>{7, 5, 3});
    for (int i = 0; i < 3; ++i) {
      const LinearState& state = states[static_cast<std::size_t>(i)];
      CHECK(state.layers == i + 1);
      REQUIRE(state.steps.size() == 1);
      CHECK(state.steps[0].state == i - 1);
      CHECK(state.steps[0].layer == i);
    }
  }

  TEST_CASE("what a skip connection carries crosses every cut under it, once") {
    // 0 → 1 → 2 → 3 and 0 → 3, as in a residual block; 3 also feeds 4 and 5 behind it.
    const ProfileGraph graph =
        graph_of({100, 20, 3, 50, 7, 1}, {{0, 1}, {1, 2}, {2, 3}, {0, 3}, {3, 4}, {4, 5}, {3, 5}});
    CHECK(crossing(linear_states(graph)) == std::vector<Bytes>{100, 120, 103, 50, 57, 1});
  }

  TEST_CASE("two branches can be cut anywhere, each on its own") {
    // 0 → 1 → 3 → 5, 0 → 2 → 4 → 5: 3 × 3 cuts between 0 and 5, and one behind it.
    const ProfileGraph graph =
        graph_of({100, 10, 40, 20, 5, 1}, {{0, 1}, {1, 3}, {3, 5}, {0, 2}, {2, 4}, {4, 5}});
    const std::vector<LinearState> states = linear_states(graph);
    CHECK(states.size() == 10);
  }

  TEST_CASE("states are all closed sets of layers, inner ones first, with exact totals") {
    std::mt19937 random(11);
    for (int trial = 0; trial < 200; ++trial) {
      const ProfileGraph graph = random_graph(random, 8);
      CAPTURE(trial);
      const std::vector<LinearState> states = linear_states(graph);
      const std::vector<unsigned> sets = sets_of(states);
      unsigned closed = 0;
      for (unsigned set = 1; set < 1U << graph.nodes.size(); ++set) {
        closed += is_closed(graph, set) ? 1 : 0;
      }
      CHECK(states.size() == closed);
      for (std::size_t at = 0; at < states.size(); ++at) {
        CHECK(is_closed(graph, sets[at]));
        CHECK(std::count(sets.begin(), sets.end(), sets[at]) == 1);
        CHECK(states[at].crossing_bytes == crossing(graph, sets[at]));
        Time compute;
        Bytes parameters = 0;
        for (std::size_t layer = 0; layer < graph.nodes.size(); ++layer) {
          if ((sets[at] >> layer & 1) == 0) continue;
          compute += graph.nodes[layer].forward + graph.nodes[layer].backward;
          parameters += graph.nodes[layer].parameter_bytes;
        }
        CHECK(states[at].compute == compute);
        CHECK(states[at].parameter_bytes == parameters);
        for (const LinearState::Step& step : states[at].steps) {
          CHECK(step.state < static_cast<int>(at));
          const unsigned before = step.state < 0 ? 0 : sets[static_cast<std::size_t>(step.state)];
          CHECK((before | 1U << step.layer) == sets[at]);
        }
      }
    }
  }

  TEST_CASE("a graph that can be cut in too many ways is refused before they are listed") {
    const auto fan = [](int branches, bool joined) {
      std::vector<ProfileEdge> edges;
      for (int i = 1; i <= branches; ++i) edges.push_back({0, i});
      if (joined) edges.push_back({branches, branches + 1});
      return graph_of(std::vector<Bytes>(static_cast<std::size_t>(branches) + (joined ? 2 : 1), 1),
                      edges);
    };
    CHECK(linear_states(fan(13, false)).size() == 8192);
    const std::string hint =
        "\n  hint: long branches side by side multiply: merge the layers of each branch";
    const auto check_refused = [&](const ProfileGraph& graph, const std::string& got) {
      const std::string error = "g.txt: /: can be cut in more than 8192 ways, got " + got + hint;
      CHECK_THROWS_WITH_AS(linear_states(graph), error.c_str(), InputError);
    };
    check_refused(fan(13, true), "still more");
    check_refused(fan(14, false), "14 layers side by side");
    check_refused(fan(8000, false), "8000 layers side by side");
    check_refused(graph_of(std::vector<Bytes>(9000), {}), "9000 layers");
  }

  TEST_CASE("a chain may have 8192 layers") {
    const std::vector<LinearState> states = linear_states(chain_of(std::vector<Bytes>(8192, 1)));
    CHECK(states.size() == 8192);
  }

  TEST_CASE("inputs alone are no model") {
    CHECK_THROWS_WITH_AS(
        linear_states({.file = "g.txt"}),
        "g.txt: /: must hold a layer, got inputs alone\n"
        "  hint: a node whose description begins with \"Input\" is no layer unless "
        "it takes something",
        InputError);
  }
}

}  // namespace pipesim::test

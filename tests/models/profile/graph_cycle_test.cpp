#include "models/profile/graph_cycle.hpp"

#include <doctest/doctest.h>

namespace pipesim {

TEST_SUITE("models/profile/graph_cycle") {
  TEST_CASE("a graph whose edges lead one way has no cycle") {
    CHECK(find_cycle(0, {}).empty());
    CHECK(find_cycle(4, {{0, 1}, {0, 2}, {1, 3}, {2, 3}}).empty());
  }

  TEST_CASE("a cycle is given edge by edge, whatever leads to it") {
    const std::vector<ProfileEdge> expected = {{1, 2}, {2, 3}, {3, 1}};
    CHECK(find_cycle(5, {{0, 1}, {1, 2}, {2, 3}, {2, 4}, {3, 1}}) == expected);
    CHECK(find_cycle(2, {{0, 1}, {1, 1}}) == std::vector<ProfileEdge>{{1, 1}});
  }

  TEST_CASE("a chain of a million nodes that closes is found without recursion") {
    constexpr int nodes = 1'000'000;
    std::vector<ProfileEdge> edges;
    for (int i = 0; i < nodes; ++i) edges.push_back({i, (i + 1) % nodes});
    CHECK(find_cycle(nodes, edges).size() == nodes);
  }
}

}  // namespace pipesim

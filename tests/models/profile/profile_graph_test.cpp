#include "models/profile/profile_graph.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "support/commands/process.hpp"
#include "support/models/graphs.hpp"

namespace pipesim::test {

namespace {

ProfileGraph read(const std::string& text) {
  return read_profile_graph(text, "g.txt");
}

void check_refused(const std::string& text, const std::string& error) {
  CAPTURE(text.substr(0, 1000));
  CHECK_THROWS_WITH_AS(read(text), error.c_str(), InputError);
}

std::string names_of(const ProfileGraph& graph) {
  std::string names;
  for (const ProfileNode& node : graph.nodes) names += (names.empty() ? "" : " ") + node.name;
  return names;
}

}  // namespace

TEST_SUITE("models/profile/profile_graph") {
  TEST_CASE("a file's lines may stand in any order, with blank ones and either end of line") {
    const std::string sorted = node_line("node1") + node_line("node2") + node_line("node10") +
                               "\tnode1 -- node2\n\tnode1 -- node10\n\tnode2 -- node10\n";
    const ProfileGraph graph = read(sorted);
    CHECK(names_of(graph) == "node1 node2 node10");
    CHECK(graph.edges == std::vector<ProfileEdge>{{0, 1}, {0, 2}, {1, 2}});
    const ProfileGraph shuffled =
        read("\xef\xbb\xbf\tnode2 -- node10\r\n\r\n" + node_line("node10") +
             "\tnode1 -- node10\n\tnode1 -- node2\n    node1 -- node2\n" + node_line("node2") +
             " \t\n" + node_line("node1"));
    CHECK(shuffled.nodes == graph.nodes);
    CHECK(shuffled.edges == graph.edges);
  }

  TEST_CASE("inputs and results that nothing takes are no layers") {
    const ProfileGraph graph =
        read(node_line("node1", {.description = "Input0", .activation_bytes = 5}) +
             node_line("node2", {.description = "Input1", .activation_bytes = 6}) +
             node_line("node3", {.description = "Input gate", .activation_bytes = 7}) +
             node_line("node4", {.description = "__getitem__(0)"}) +
             node_line("node5", {.description = "__getitem__(1)"}) + node_line("node6") +
             "\tnode1 -- node3\n\tnode2 -- node6\n\tnode3 -- node4\n\tnode3 -- node5\n"
             "\tnode5 -- node6\n");
    const ProfileGraph layers = layer_graph(graph);
    CHECK(names_of(layers) == "node3 node5 node6");
    CHECK(layers.edges == std::vector<ProfileEdge>{{0, 1}, {1, 2}});
    CHECK(input_bytes(graph) == 11);
  }

  TEST_CASE("edges are between nodes of the file, whose names are their own") {
    check_refused(node_line("a") + "\ta -- b\n",
                  "g.txt:2: leads from or to a node that is not in the file, got \"b\"\n"
                  "  hint: the two ends of an edge are names of nodes: node1 -- node2");
    check_refused(node_line("a") + "\ta\n",
                  "g.txt:2: is no edge, got a line of 2 bytes\n"
                  "  hint: behind a tab stands an edge: node1 -- node2");
    check_refused(node_line("a") + "\n" + node_line("a"),
                  "g.txt:3: stands on line 1 already, got \"a\"\n"
                  "  hint: every node has a name of its own");
  }

  TEST_CASE("a cycle is named, and the last of its lines blamed") {
    check_refused(
        node_line("a") + node_line("b") + node_line("c") + "\tb -- c\n\tc -- b\n\ta -- b\n",
        "g.txt:5: closes a cycle, got b -- c -- b\n"
        "  hint: a layer can't wait for what comes of it: remove one of these edges");
    check_refused("\ta -- a\n" + node_line("a"),
                  "g.txt:1: closes a cycle, got a -- a\n"
                  "  hint: a layer can't wait for what comes of it: remove one of these edges");
    std::string ring;
    for (int i = 10; i < 30; ++i) ring += node_line(fmt::format("n{}", i));
    for (int i = 10; i < 30; ++i) ring += fmt::format("\tn{} -- n{}\n", i, i == 29 ? 10 : i + 1);
    check_refused(ring,
                  "g.txt:40: closes a cycle, got n10 -- n11 -- n12 -- n13 -- n14 -- n15 -- n16 -- "
                  "n17 -- n18 …\n"
                  "  hint: a layer can't wait for what comes of it: remove one of these edges");
  }

  TEST_CASE("a file without a node, or of other bytes than text, is refused") {
    const std::string empty =
        "g.txt:1: must hold a node, got nothing\n"
        "  hint: a profile is PipeDream's graph.txt: a line for each node, then one for each edge";
    check_refused("", empty);
    check_refused("\n \n\ta -- b\n", empty);
    check_refused(node_line("a") + "\xff\xfe",
                  "g.txt:2: must be UTF-8 text, got a line of 2 bytes\n"
                  "  hint: a profile is a text file");
  }

  TEST_CASE("totals stay below 2^62") {
    const ProfileNode half{.parameter_bytes = bytes_limit / 2};
    CHECK(read(node_line("a", half)).nodes[0].parameter_bytes == bytes_limit / 2);
    const std::string hint =
        "\n  hint: all nodes' times in ps, activations and parameters in bytes each add up to less "
        "than 2^62";
    for (const ProfileNode& large : {half, ProfileNode{.activation_bytes = bytes_limit / 2},
                                     ProfileNode{.forward = {Time::limit().ps / 2 + 1'000'000}}}) {
      const std::string line = node_line("b", large);
      check_refused(node_line("a", large) + line,
                    fmt::format("g.txt:2: makes the nodes' total too large, got {}{}",
                                in_quotes(line), hint));
    }
  }

  TEST_CASE("no more than 8192 nodes are read") {
    std::string text;
    for (int i = 0; i < 8192; ++i) text += node_line(fmt::format("n{}", i));
    CHECK(read(text).nodes.size() == 8192);
    check_refused(text + node_line("last"),
                  "g.txt:8193: has more than 8192 nodes, got \"last\"\n"
                  "  hint: merge layers that always run together");
  }

  TEST_CASE("ten megabytes of junk are refused on the first line") {
    std::mt19937 random(3);
    std::string bytes(10'000'000, ' ');
    for (char& c : bytes) c = static_cast<char>(random());
    bytes.front() = '\xff';
    CHECK_THROWS_AS(read(bytes), InputError);
    for (char& c : bytes) c = static_cast<char>('a' + random() % 26);
    CHECK_THROWS_AS(read(bytes), InputError);
    std::ranges::fill(bytes, '\n');
    CHECK_THROWS_AS(read(bytes), InputError);
  }
}

}  // namespace pipesim::test

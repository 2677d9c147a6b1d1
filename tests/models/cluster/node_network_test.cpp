#include "models/cluster/node_network.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace pipesim {

namespace {

NodeNetwork network(std::string_view json) {
  return read_node_network(Field(parse_document(json, "c.json")));
}

const NodeNetwork& known(std::string_view name) {
  for (const NodeNetwork& nodes : known_node_networks()) {
    if (nodes.name == name) return nodes;
  }
  throw std::logic_error("no such nodes");
}

// "8 × nvlink3, 2 × ib-hdr (0.5)"
std::string levels(const GroupNetwork& group) {
  std::string text;
  for (const GroupLevel& level : group.levels) {
    text += fmt::format("{}{} × {} ({:g})", text.empty() ? "" : ", ", level.ranks,
                        level.interconnect.name, level.share);
  }
  return text;
}

}  // namespace

TEST_SUITE("models/cluster/node_network") {
  TEST_CASE("nodes are described by their size, both interconnects and the number of NICs") {
    const NodeNetwork nodes = network(
        R"({"name": "mine", "node_size": 4, "intra_node": "nvlink2", "inter_node": "ib-edr",
            "nics": 2, "source": "measured"})");
    CHECK(nodes.name == "mine");
    CHECK(nodes.node_size == 4);
    CHECK(nodes.intra_node == known_interconnect("nvlink2"));
    CHECK(nodes.inter_node == known_interconnect("ib-edr"));
    CHECK(nodes.share() == 0.5);
    CHECK(nodes.source == "measured");
    CHECK(network(R"({"node_size": 4, "intra_node": "ideal", "inter_node": "ideal"})").nics == 4);
    CHECK_THROWS_WITH_AS(network(R"({"node_size": 4, "intra_node": "ideal"})"),
                         "c.json: /inter_node: is required, got nothing\n"
                         "  hint: an interconnect's name or an object",
                         InputError);
  }

  TEST_CASE("a message goes over NVLink inside a node, and between nodes over its part of a NIC") {
    const NodeNetwork& nodes = known("dgx-a100-4nic");
    const Bytes bytes = 93'750'000;  // 10 ms at three quarters of half a NIC.
    CHECK(transfer_cost(path_between(nodes, 7, 8), bytes) ==
          TransferCost{.occupancy = 10'000_us, .latency = 20_us});
    CHECK(path_between(nodes, 8, 15) == known_interconnect("nvlink3"));
    CHECK(path_between(known("dgx-a100"), 0, 8) == known_interconnect("ib-hdr"));
  }

  TEST_CASE("a group is so many ranks in a node, on so many nodes") {
    const NodeNetwork& nodes = known("dgx-a100-4nic");
    CHECK(levels(group_network(nodes, {0, 1, 2, 3})) == "4 × nvlink3 (1), 1 × ib-hdr (0.5)");
    CHECK(levels(group_network(nodes, {0, 4, 8, 12})) == "2 × nvlink3 (1), 2 × ib-hdr (0.5)");
    CHECK(levels(group_network(nodes, {0, 8, 16})) == "1 × nvlink3 (1), 3 × ib-hdr (0.5)");
    CHECK(levels(group_network(nodes, {5})) == "1 × nvlink3 (1), 1 × ib-hdr (0.5)");
  }

  TEST_CASE("nodes that hold unequal parts of a group are one ring over the NICs") {
    CHECK(levels(group_network(known("dgx-a100"), {0, 6, 12})) == "3 × ib-hdr (1)");
  }
}

}  // namespace pipesim

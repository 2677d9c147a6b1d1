#include "models/cluster/topology.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "models/cluster/node_network.hpp"
#include "models/cluster/topology_config.hpp"

namespace pipesim {

namespace {

using Links = std::vector<int>;

Interconnect link(double bandwidth, double latency) {
  return {.bandwidth = bandwidth, .latency = latency};
}

std::string named(const Topology& topology, int from, int to) {
  std::vector<std::string> names;
  for (const int id : topology.route(from, to)) names.push_back(topology.link_name(id));
  return fmt::format("{}", fmt::join(names, " "));
}

// a - b - c in a row: 10 GB/s and 1 µs, then 5 GB/s and 2 µs.
TopologyPlan row() {
  return {.name = "row",
          .devices = 3,
          .vertices = {"a", "b", "c"},
          .cables = {{.from = 0, .to = 1, .interconnect = link(10e9, 1e-6)},
                     {.from = 1, .to = 2, .interconnect = link(5e9, 2e-6)}}};
}

// Nodes as a graph: in a node each device has a cable to the node's switch, and one to the fabric.
// The two cables of a route share the latency.
Topology as_graph(const NodeNetwork& network, int nodes) {
  TopologyPlan plan{.name = network.name, .devices = nodes * network.node_size};
  for (int i = 0; i < plan.devices; ++i) plan.vertices.push_back(fmt::format("gpu{}", i));
  Interconnect inside = network.intra_node;
  Interconnect between = network.inter_node;
  inside.latency /= 2;
  between.latency /= 2;
  between.bandwidth = *between.bandwidth * network.share();
  const int fabric = plan.devices + nodes;
  for (int i = 0; i < plan.devices; ++i) {
    const int at = plan.devices + network.node_of(i);
    plan.cables.push_back({.from = i, .to = at, .interconnect = inside});
    plan.cables.push_back({.from = i, .to = fabric, .interconnect = between});
  }
  for (int i = 0; i < nodes; ++i) plan.vertices.push_back(fmt::format("switch{}", i));
  plan.vertices.emplace_back("fabric");
  // Both ways are two links long: inside a node the quicker one is taken.
  return Topology(std::move(plan));
}

}  // namespace

TEST_SUITE("models/cluster/topology") {
  TEST_CASE("a message goes along all links of its route at the narrowest one's bandwidth") {
    const Topology topology(row());
    CHECK(named(topology, 0, 2) == "a>b b>c");
    CHECK(named(topology, 2, 0) == "c>b b>a");
    CHECK(named(topology, 1, 1).empty());
    const Bytes bytes = 10'000'000;
    CHECK(transfer_cost(path_between(topology, 0, 1), bytes) ==
          TransferCost{.occupancy = 1000_us, .latency = 1_us});
    CHECK(transfer_cost(path_between(topology, 0, 2), bytes) ==
          TransferCost{.occupancy = 2000_us, .latency = 3_us});
    CHECK(transfer_cost(path_between(topology, 1, 1), bytes) == TransferCost{});
  }

  TEST_CASE("fewer links come before less latency, and that before the order of the cables") {
    TopologyPlan plan = row();
    plan.cables.push_back({.from = 0, .to = 2, .interconnect = link(1e9, 50e-6)});
    CHECK(named(Topology(plan), 0, 2) == "a>c");

    // Two switches side by side: the quicker is taken, the first where both are as quick.
    plan = {.name = "square",
            .devices = 2,
            .vertices = {"a", "b", "s", "t"},
            .cables = {{.from = 0, .to = 2, .interconnect = link(1e9, 2e-6)},
                       {.from = 0, .to = 3, .interconnect = link(1e9, 2e-6)},
                       {.from = 3, .to = 1, .interconnect = link(1e9, 1e-6)},
                       {.from = 2, .to = 1, .interconnect = link(1e9, 1e-6)}}};
    CHECK(named(Topology(plan), 0, 1) == "a>t t>b");
    CHECK(named(Topology(plan), 1, 0) == "b>s s>a");
    plan.cables[0].interconnect.latency = 1e-6;
    CHECK(named(Topology(plan), 0, 1) == "a>s s>b");
  }

  TEST_CASE("the directions of a full-duplex cable are two links, of a half-duplex one the same") {
    TopologyPlan plan = row();
    plan.cables[1].full_duplex = false;
    const Topology topology(plan);
    CHECK(topology.links() == 4);
    CHECK(topology.route(0, 2) == Links{0, 2});
    CHECK(topology.route(2, 0) == Links{2, 1});
    CHECK(named(topology, 2, 0) == "b-c b>a");
  }

  TEST_CASE("cables side by side add up") {
    TopologyPlan plan = row();
    plan.cables[1].count = 4;
    CHECK(path_between(Topology(plan), 0, 2).bandwidth == 10e9);
    CHECK(path_between(Topology(plan), 1, 2).bandwidth == 20e9);
  }

  TEST_CASE("GPUs under two PCIe switches share the way to the other switch") {
    const Topology host(known_topologies().front().plan(8));
    CHECK(named(host, 0, 3) == "gpu0>switch0 switch0>gpu3");
    CHECK(named(host, 0, 4) == "gpu0>switch0 switch0>host host>switch1 switch1>gpu4");
    CHECK(named(host, 1, 5) == "gpu1>switch0 switch0>host host>switch1 switch1>gpu5");
    CHECK(named(host, 5, 1) == "gpu5>switch1 switch1>host host>switch0 switch0>gpu1");
    const Interconnect near = path_between(host, 0, 3);
    const Interconnect far = path_between(host, 0, 4);
    CHECK(near.latency == 50e-6);
    CHECK(far.latency == 50e-6);
    CHECK(*near.bandwidth == doctest::Approx(10e9));
    CHECK(*far.bandwidth == doctest::Approx(10e9));
  }

  TEST_CASE("a ring has the narrowest link's bandwidth, divided among the hops that take it") {
    const Topology host(known_topologies().front().plan(8));
    const auto rate = [&](const std::vector<int>& devices) {
      return *ring_through(host, devices).rate(Collective::all_reduce);
    };
    CHECK(rate({0, 1, 2, 3}) == doctest::Approx(10e9));
    // Once each way through the host; and there and back with every hop, four times each way.
    CHECK(rate({0, 1, 2, 3, 4, 5, 6, 7}) == doctest::Approx(10e9));
    CHECK(rate({0, 4, 1, 5, 2, 6, 3, 7}) == doctest::Approx(10e9 / 4));

    TopologyPlan plan = row();
    const Interconnect open = ring_through(Topology(plan), {0, 1, 2});
    CHECK(open.bandwidth == 5e9);
    CHECK(open.latency == doctest::Approx(3e-6));
    plan.cables[1].full_duplex = false;  // b to c, and c back to a.
    CHECK(ring_through(Topology(plan), {0, 1, 2}).bandwidth == 2.5e9);
  }

  TEST_CASE("a ring keeps what each collective reaches and its constants, where all links agree") {
    TopologyPlan plan = row();
    for (Cable& cable : plan.cables) cable.interconnect = known_interconnect("nvlink5");
    const Interconnect all = ring_through(Topology(plan), {0, 1, 2});
    const Interconnect& one = known_interconnect("nvlink5");
    for (const Collective collective :
         {Collective::all_reduce, Collective::all_gather, Collective::all_to_all}) {
      CHECK(*all.rate(collective) == doctest::Approx(*one.rate(collective)));
    }
    CHECK(all.collective_latency == one.collective_latency);
    plan.cables[0].interconnect = link(10e9, 1e-6);
    CHECK(ring_through(Topology(plan), {0, 1, 2}).collective_latency == ByCollective{});
  }

  TEST_CASE("a core of a TPU ring reaches the farthest halfway round, through the others") {
    const Topology ring(known_topologies()[1].plan(8));
    CHECK(ring.route(0, 3).size() == 3);
    CHECK(ring.route(0, 5).size() == 3);
    CHECK(named(ring, 6, 0) == "tpu6>tpu7 tpu7>tpu0");
    CHECK(ring_through(ring, {0, 1, 2, 3, 4, 5, 6, 7}).bandwidth == 62e9);
    CHECK(Topology(known_topologies()[1].plan(2)).links() == 2);
    CHECK(Topology(known_topologies()[1].plan(1)).route(0, 0).empty());
  }

  TEST_CASE("nodes are answered as the routes through their graph are") {
    for (const NodeNetwork& known : known_node_networks()) {
      CAPTURE(known.name);
      NodeNetwork network = known;
      network.node_size = 4;
      network.nics = known.nics / 2;
      const Topology graph = as_graph(network, 3);
      for (int from = 0; from < 12; ++from) {
        for (int to = 0; to < 12; ++to) {
          if (from == to) continue;
          CHECK(transfer_cost(path_between(graph, from, to), 1'000'000) ==
                transfer_cost(path_between(network, from, to), 1'000'000));
        }
      }
      for (const Collective collective : {Collective::all_reduce, Collective::all_to_all}) {
        const Interconnect ring = ring_through(graph, {0, 1, 2, 3});
        CHECK(ring_seconds(collective, 1e9, 4, ring) ==
              doctest::Approx(
                  collective_seconds(collective, 1e9, group_network(network, {0, 1, 2, 3}))));
      }
    }
  }
}

}  // namespace pipesim

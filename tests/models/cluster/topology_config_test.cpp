#include "models/cluster/topology_config.hpp"

#include <doctest/doctest.h>

#include "support/refusal.hpp"

namespace pipesim {

namespace {

TopologyPlan topology(std::string_view json, int needed = 1) {
  return read_topology(Field(parse_document(json, "c.json")), needed);
}

// What is refused, with the value that an error shows.
std::string refusal(std::string_view json, int needed = 1) {
  return test::refusal_of([&] { topology(json, needed); });
}

}  // namespace

TEST_SUITE("models/cluster/topology_config") {
  TEST_CASE("devices, switches and what is between them") {
    const TopologyPlan plan = topology(R"({
      "name": "desk", "devices": ["left", "right"], "switches": ["host"],
      "links": [{"between": ["left", "host"], "interconnect": "pcie3", "count": 2},
                {"between": ["host", "right"], "interconnect": {"bandwidth": "8 GB/s"},
                 "duplex": "half"}]})");
    CHECK(plan.name == "desk");
    CHECK(plan.devices == 2);
    CHECK(plan.vertices == std::vector<std::string>{"left", "right", "host"});
    REQUIRE(plan.cables.size() == 2);
    CHECK(plan.cables[0].from == 0);
    CHECK(plan.cables[0].to == 2);
    CHECK(plan.cables[0].count == 2);
    CHECK(plan.cables[0].full_duplex);
    CHECK(plan.cables[0].interconnect == known_interconnect("pcie3"));
    CHECK(plan.cables[1].interconnect.bandwidth == 8e9);
    CHECK_FALSE(plan.cables[1].full_duplex);
    CHECK(Topology(plan).link_name(2) == "host-right");
  }

  TEST_CASE("devices that are only counted are gpu0, gpu1, and so on") {
    const TopologyPlan plan = topology(
        R"({"devices": 2, "links": [{"between": ["gpu0", "gpu1"], "interconnect": "ideal"}]})", 2);
    CHECK(plan.name == "custom topology");
    CHECK(plan.vertices == std::vector<std::string>{"gpu0", "gpu1"});
    CHECK(topology(R"({"devices": 1})").cables.empty());
  }

  TEST_CASE("devices without a way between them are named") {
    CHECK(refusal(R"({"devices": 3, "links": [{"between": ["gpu0", "gpu1"],
                      "interconnect": "ideal"}]})") ==
          "c.json: /: does not connect \"gpu0\" with \"gpu2\", got "
          "{\"devices\":3,\"links\":[{\"between\":[\"gpu0\",\"gpu1\"],\"interconne…\n"
          "  hint: add a link, or a switch that both are linked to");
  }

  TEST_CASE("a link has two different ends that the topology knows") {
    const auto between = [](const std::string& ends) {
      return refusal(R"({"devices": 2, "switches": ["host"], "links": [{"between": )" + ends +
                     R"(, "interconnect": "ideal"}]})");
    };
    CHECK(between(R"(["gpu0", "gpu3"])") ==
          "c.json: /links/0/between/1: is no device or switch of the topology, got \"gpu3\"\n"
          "  hint: did you mean \"gpu0\"? devices and switches: gpu0, gpu1, host");
    CHECK(between(R"(["gpu0", "gpu0"])") ==
          "c.json: /links/0/between: has the same end twice, got [\"gpu0\",\"gpu0\"]\n"
          "  hint: a link is between two devices or switches");
    CHECK(between(R"(["gpu0"])") ==
          "c.json: /links/0/between: must name two ends, got [\"gpu0\"]\n"
          "  hint: a link is between two devices or switches");
    CHECK(refusal(R"({"devices": 1, "links": [{"interconnect": "ideal"}]})") ==
          "c.json: /links/0/between: is required, got nothing\n"
          "  hint: the names of its two ends: [\"gpu0\", \"switch\"]");
  }

  TEST_CASE("no two devices or switches have one name") {
    CHECK(refusal(R"({"devices": ["a", "b", "a"]})") ==
          "c.json: /devices/2: is the name of two, got \"a\"\n"
          "  hint: every device and switch has a name of its own");
    CHECK(refusal(R"({"devices": 2, "switches": ["gpu1"]})") ==
          "c.json: /switches/0: is the name of two, got \"gpu1\"\n"
          "  hint: every device and switch has a name of its own");
  }

  TEST_CASE("negative figures, none at all, and unknown words") {
    const auto link = [](const std::string& rest) {
      return refusal(R"({"devices": 2, "links": [{"between": ["gpu0", "gpu1"], )" + rest + "}]}");
    };
    CHECK(link(R"("interconnect": {"latency": -1})") ==
          "c.json: /links/0/interconnect/latency: must not be negative, got -1\n"
          "  hint: a duration is 0 or longer");
    CHECK(link(R"("interconnect": "ideal", "count": 0)") ==
          "c.json: /links/0/count: must be a whole number from 1 to 1048576, got 0\n"
          "  hint: the smallest that makes sense is 1");
    CHECK(link(R"("interconnect": "ideal", "duplex": "both")") ==
          "c.json: /links/0/duplex: is not known, got \"both\"\n  hint: kinds: full, half");
    CHECK(link(R"("count": 2)") ==
          "c.json: /links/0/interconnect: is required, got nothing\n"
          "  hint: an interconnect's name or an object");
  }

  TEST_CASE("a topology has the devices that are asked for, and at most 4096 vertices") {
    CHECK(refusal(R"({"devices": 2, "links": []})", 3) ==
          "c.json: /devices: has fewer than the 3 devices that are asked for, got 2\n"
          "  hint: every rank is one of the topology's devices, in this order");
    CHECK(refusal(R"({"devices": 5000})") ==
          "c.json: /devices: must be a whole number from 1 to 4096, got 5000\n"
          "  hint: the largest that can be simulated is 4096");
    CHECK(refusal(R"({"devices": 4096, "switches": ["host"]})") ==
          "c.json: /switches/0: is one device or switch too many, got \"host\"\n"
          "  hint: a topology has at most 4096");
  }

  TEST_CASE("every known topology connects its devices, up to the most that it may have") {
    for (const KnownTopology& known : known_topologies()) {
      CAPTURE(known.name);
      for (const int devices : {1, 2, 3, known.most_devices}) {
        if (devices > known.most_devices) continue;
        const Topology topology(known.plan(devices));
        CHECK(topology.name() == known.name);
        CHECK(topology.devices() >= devices);
        CHECK(topology.unreachable() == -1);
      }
    }
  }
}

}  // namespace pipesim

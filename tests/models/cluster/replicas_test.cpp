#include "models/cluster/replicas.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace pipesim;

namespace {

ReplicaDevices devices_of(const std::string& cluster, const RankGrid& grid) {
  const Document document =
      parse_document(R"({"cluster": )" + cluster + "}", "c.json", std::vector<std::string>{});
  return replica_devices(read_cluster(Field(document), grid), grid);
}

// "p100 | 2x p100 + v100-16gb": the devices of each position.
std::string text_of(const PipelineDevices& pipeline, const std::vector<Device>& kinds) {
  std::string text;
  for (const StageDevices& stage : pipeline) {
    if (!text.empty()) text += " | ";
    for (std::size_t i = 0; i < stage.size(); ++i) {
      if (i > 0) text += " + ";
      if (stage[i].slowdown != 1) text += fmt::format("{}x ", stage[i].slowdown);
      text += kinds[static_cast<std::size_t>(stage[i].kind)].name;
    }
  }
  return text;
}

// "0,2: p100 | p100": a line for each group.
std::string text_of(const ReplicaDevices& devices) {
  std::string text;
  for (const ReplicaGroup& group : devices.groups) {
    text += fmt::format("{}: {}\n", fmt::join(group.replicas, ","),
                        text_of(group.devices, devices.kinds));
  }
  return text + "slowest: " + text_of(devices.slowest, devices.kinds);
}

}  // namespace

TEST_SUITE("models/cluster/replicas") {
  TEST_CASE("replicas of one kind of device are alike, and so are those with a list for each") {
    CHECK(text_of(devices_of(R"({"device": "p100"})", {.data = 3, .pipeline = 2})) ==
          "0,1,2: p100 | p100\nslowest: p100 | p100");
    const ReplicaDevices listed = devices_of(R"({"device": ["p100", "v100-16gb", "p100"]})",
                                             {.tensor = 2, .data = 2, .pipeline = 3});
    CHECK(text_of(listed) == "0,1: p100 | v100-16gb | p100\nslowest: p100 | v100-16gb | p100");
    CHECK(listed.kinds.size() == 2);
  }

  TEST_CASE("a straggler slows the stage and the replica that it is in") {
    // Rank t + 2 (d + 3 p): 1 is replica 0, position 0; 8 and 9 replica 1, position 1.
    const ReplicaDevices devices =
        devices_of(R"({"device": "p100", "stragglers": {"1": 1.5, "8": 1.25, "9": 2, "4": 1}})",
                   {.tensor = 2, .data = 3, .pipeline = 2});
    CHECK(text_of(devices) ==
          "0: 1.5x p100 | p100\n1: p100 | 2x p100\n2: p100 | p100\n"
          "slowest: 1.5x p100 | 2x p100");
  }

  TEST_CASE("replicas with the same stragglers are alike, the others too") {
    CHECK(text_of(devices_of(R"({"device": "p100", "stragglers": {"1": 2, "3": 2}})",
                             {.data = 4, .pipeline = 1})) ==
          "0,2: p100\n1,3: 2x p100\nslowest: 2x p100");
  }

  TEST_CASE("a list of all ranks says which devices run a stage side by side") {
    // Rank t + 2 (d + 2 p).
    const ReplicaDevices devices = devices_of(
        R"({"device": ["p100", "p100", "v100-16gb", "p100", "p100", "p100", "p100", "p100"],
            "stragglers": {"3": 3}})",
        {.tensor = 2, .data = 2, .pipeline = 2});
    CHECK(text_of(devices) ==
          "0: p100 | p100\n1: 3x p100 + v100-16gb | p100\nslowest: 3x p100 + v100-16gb | p100");
  }

  TEST_CASE("devices with the same name are one kind only where all their figures agree") {
    const ReplicaDevices devices =
        devices_of(R"({"device": [{"memory": "8 GB"}, {"memory": "9 GB"}, {"memory": "8 GB"}]})",
                   {.pipeline = 3});
    CHECK(devices.kinds.size() == 2);
    CHECK(devices.slowest[0] == devices.slowest[2]);
    CHECK(devices.slowest[0] != devices.slowest[1]);
  }

  TEST_CASE("a stage holds what the least of its devices holds") {
    const std::vector<Device> kinds{{.memory = 8}, {.memory = 5}, {}};
    CHECK(least_memory({{.kind = 0}, {.kind = 1}, {.kind = 2}}, kinds) == 5);
    CHECK(least_memory({{.kind = 0}, {.kind = 2}}, kinds) == 8);
    CHECK(least_memory({{.kind = 2}}, kinds) == std::nullopt);
    CHECK(largest_slowdown({{.kind = 0, .slowdown = 1.5}, {.kind = 1}}) == 1.5);
  }
}

#include "models/cluster/cluster.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

Cluster read(std::string_view json, const RankGrid& grid) {
  return read_cluster(Field(parse_document(json, "c.json")), grid);
}

Cluster cluster(std::string_view json, int stages, int data_parallel) {
  return read(json, {.data = data_parallel, .pipeline = stages});
}

std::string names(const std::vector<Device>& devices) {
  std::string text;
  for (const Device& device : devices) text += device.name + " ";
  return text;
}

}  // namespace

TEST_SUITE("models/cluster/cluster") {
  TEST_CASE("without a cluster section there are enough cpu cores, ideally connected") {
    const Cluster plain = cluster("{}", 4, 3);
    CHECK(plain.devices == 12);
    CHECK(plain.device(3).name == "cpu-core");
    CHECK_FALSE(plain.device(3).memory.has_value());
    CHECK(plain.interconnect.name == "ideal");
  }

  TEST_CASE("a number of devices must be stages times replicas") {
    CHECK(cluster(R"({"cluster": {"devices": 12}})", 4, 3).devices == 12);
    CHECK_THROWS_WITH_AS(cluster(R"({"cluster": {"devices": 4}})", 4, 3),
                         "c.json: /cluster/devices: must be stages × data_parallel, which is "
                         "4 × 3, got 4\n  hint: set it to 12, leave it out, or change "
                         "pipeline.stages or training.data_parallel",
                         InputError);
    CHECK_THROWS_WITH_AS(cluster("{}", 1 << 20, 1 << 20),
                         "c.json: /training/data_parallel: asks for more devices than can be "
                         "named, got 1048576\n"
                         "  hint: stages times data_parallel is at most 2147483647",
                         InputError);
  }

  TEST_CASE("tensor- and context-parallel ranks are devices, too") {
    const RankGrid grid{.tensor = 2, .context = 5, .data = 3, .pipeline = 4};
    CHECK(read(R"({"cluster": {"devices": 120}})", grid).devices == 120);
    CHECK_THROWS_WITH_AS(read(R"({"cluster": {"devices": 12}})", grid),
                         "c.json: /cluster/devices: must be stages × data_parallel × "
                         "tensor_parallel × context_parallel, which is 4 × 3 × 2 × 5, got 12\n"
                         "  hint: set it to 120, leave it out, or change pipeline.stages, "
                         "training.data_parallel, training.tensor_parallel or "
                         "training.context_parallel",
                         InputError);
    CHECK_THROWS_WITH_AS(
        read("{}", {.tensor = 1 << 20, .pipeline = 1 << 20}),
        "c.json: /training/tensor_parallel: asks for more devices than can be named, got 1048576\n"
        "  hint: stages times data_parallel times tensor_parallel is at most 2147483647",
        InputError);
  }

  TEST_CASE("a list of devices has one entry for each device of the pipeline") {
    const Cluster mixed = cluster(R"({"cluster": {"device": ["p100", {"memory": 5}]}})", 2, 1);
    CHECK(mixed.device(0).name == "p100");
    CHECK(mixed.device(1).memory == 5);
    CHECK(cluster(R"({"cluster": {"device": ["p100", {"memory": 5}]}})", 2, 3).device(1).memory ==
          5);
    CHECK_THROWS_WITH_AS(cluster(R"({"cluster": {"device": ["p100"]}})", 2, 1),
                         "c.json: /cluster/device: must have one entry for each of the 2 devices, "
                         "got [\"p100\"]\n  hint: this list has 1",
                         InputError);
    CHECK_THROWS_WITH_AS(cluster(R"({"cluster": {"device": ["p100"]}})", 2, 2),
                         "c.json: /cluster/device: must have one entry for each of the 2 devices "
                         "of a pipeline, or for each of all 4, got [\"p100\"]\n"
                         "  hint: this list has 1",
                         InputError);
  }

  TEST_CASE("a list of devices that are alike is that device, whatever each is called") {
    const std::string same = R"({"memory": 5, "flops": 1e12})";
    const std::string named = R"({"memory": 5, "flops": "1 TFLOP/s", "name": "b", "source": "s"})";
    for (const std::string list : {R"(["p100", "p100"])", R"(["p100", "p100", "p100", "p100"])"}) {
      const Cluster two = cluster(R"({"cluster": {"device": )" + list + "}}", 2, 2);
      CHECK_FALSE(two.uneven());
      CHECK(two.kinds.size() == 1);
      CHECK(two.kinds.front().name == "p100");
    }
    CHECK_FALSE(cluster(R"({"cluster": {"device": [)" + same + ", " + named + R"(],
                          "stragglers": {"0": 1, "1": 1}}})",
                        2, 1)
                    .uneven());
    CHECK(
        cluster(R"({"cluster": {"device": [)" + same + R"(, {"memory": 6, "flops": 1e12}]}})", 2, 1)
            .uneven());
  }

  TEST_CASE("a list of devices that are alike holds for other numbers that are set beside it") {
    const auto read = [](const std::string& list, const std::vector<std::string>& settings) {
      const Document document =
          parse_document(R"({"cluster": {"device": )" + list + "}}", "c.json", settings);
      return read_cluster(Field(document), {.pipeline = 4});
    };
    CHECK(read(R"(["p100", "p100"])", {"pipeline.stages=4"}).kinds.size() == 1);
    CHECK_THROWS_AS(read(R"(["p100", "p100"])", {}), InputError);
    CHECK_THROWS_AS(read(R"(["p100", "v100-16gb"])", {"pipeline.stages=4"}), InputError);
  }

  TEST_CASE("a list of all ranks' devices: the first replica's are the pipeline's") {
    const RankGrid grid{.data = 2, .pipeline = 2};
    const Cluster all =
        read(R"({"cluster": {"device": ["p100", "v100-16gb", "a100-40gb", "h100-80gb"]}})", grid);
    CHECK(names(all.kinds) == "p100 a100-40gb ");
    CHECK(names(all.rank_kinds) == "p100 v100-16gb a100-40gb h100-80gb ");
    CHECK(all.uneven());
  }

  TEST_CASE("a cluster is uneven with a list of devices or a straggler that is slower") {
    CHECK_FALSE(cluster(R"({"cluster": {"device": "p100"}})", 2, 2).uneven());
    CHECK_FALSE(cluster(R"({"cluster": {"stragglers": {}}})", 2, 2).uneven());
    CHECK_FALSE(cluster(R"({"cluster": {"stragglers": {"1": 1}}})", 2, 2).uneven());
    CHECK(cluster(R"({"cluster": {"stragglers": {"1": 1.5}}})", 2, 2).uneven());
    CHECK(cluster(R"({"cluster": {"device": ["p100", "v100-16gb"]}})", 2, 2).uneven());
  }

  TEST_CASE("stragglers are devices of the cluster that are slower than the others") {
    CHECK_THROWS_WITH_AS(cluster(R"({"cluster": {"stragglers": {"4": 2}}})", 2, 2),
                         "c.json: /cluster/stragglers/4: is not under a device's number, got 2\n"
                         "  hint: devices are 0 to 3",
                         InputError);
    CHECK_THROWS_WITH_AS(cluster(R"({"cluster": {"stragglers": {"gpu1": 2}}})", 2, 2),
                         "c.json: /cluster/stragglers/gpu1: is not under a device's number, got "
                         "2\n  hint: devices are 0 to 3",
                         InputError);
    CHECK_THROWS_WITH_AS(
        cluster(R"({"cluster": {"stragglers": {"1": 0.5}}})", 2, 2),
        "c.json: /cluster/stragglers/1: must be a number from 1 to 1000000, got 0.5\n"
        "  hint: choose one in that range",
        InputError);
  }

  TEST_CASE("one interconnect joins any two devices, by links of their own") {
    const Cluster plain = cluster(R"({"cluster": {"interconnect": "ib-hdr"}})", 4, 2);
    CHECK(message_cost(plain, 0, 7, 18'750'000) ==
          TransferCost{.occupancy = 1000_us, .latency = 20_us});
    CHECK(message_cost(plain, 3, 3, 18'750'000) == TransferCost{});
    CHECK(route(plain, 0, 7).empty());
    CHECK(links(plain) == 0);
    const GroupNetwork replicas = group_network(plain, {.data = 2, .pipeline = 4}, Axis::data, 1);
    REQUIRE(replicas.levels.size() == 1);
    CHECK(replicas.levels[0].ranks == 2);
    CHECK(replicas.levels[0].interconnect == known_interconnect("ib-hdr"));
  }

  TEST_CASE("nodes by name or described: which ranks of a group share one follows from the order") {
    const RankGrid grid{.tensor = 4, .data = 4, .pipeline = 2};
    const Cluster nodes = read(R"({"cluster": {"interconnect": "dgx-a100"}})", grid);
    CHECK(nodes.interconnect.name == "dgx-a100");
    CHECK(message_cost(nodes, 0, 16, 18'750'000) ==
          TransferCost{.occupancy = 1000_us, .latency = 20_us});
    const GroupNetwork replicas = group_network(nodes, grid, Axis::data, 1);
    REQUIRE(replicas.levels.size() == 2);
    CHECK(replicas.levels[0].ranks == 2);
    CHECK(replicas.levels[1].ranks == 2);
    CHECK(group_network(nodes, grid, Axis::tensor, 1).levels[0].ranks == 4);
    CHECK(group_network(nodes, grid, Axis::pipeline, 0).levels[1].ranks == 2);

    const Cluster described = read(
        R"({"cluster": {"interconnect": {"node_size": 16, "intra_node": "nvlink3",
            "inter_node": "ib-hdr"}}})",
        grid);
    CHECK(described.interconnect.name == "custom nodes");
    CHECK(group_network(described, grid, Axis::data, 1).levels[0].ranks == 4);

    RankGrid far = grid;
    far.order = read(R"({"cluster": {"order": "dp-tp-pp"}})", grid).order;
    CHECK(group_network(nodes, far, Axis::data, 0).levels[0].ranks == 4);
    CHECK(group_network(nodes, far, Axis::tensor, 0).levels[0].ranks == 2);
  }

  TEST_CASE("in a topology messages take the links of its routes") {
    const RankGrid grid{.data = 2, .pipeline = 4};
    const Cluster host = read(R"({"cluster": {"interconnect": "pcie3-host"}})", grid);
    CHECK(host.interconnect.name == "pcie3-host");
    std::string names;
    for (const int link : route(host, 3, 4)) names += link_name(host, link) + " ";
    CHECK(names == "gpu3>switch0 switch0>host host>switch1 switch1>gpu4 ");
    CHECK(links(host) == 20);
    CHECK(message_cost(host, 3, 4, 10'000'000) ==
          TransferCost{.occupancy = 1000_us, .latency = 50_us});
    const GroupNetwork replicas = group_network(host, grid, Axis::data, 3);
    REQUIRE(replicas.levels.size() == 1);
    CHECK(replicas.levels[0].ranks == 2);
    CHECK(replicas.levels[0].interconnect.name == "pcie3-host");

    const Cluster row = cluster(R"({"cluster": {"topology": {"devices": 3, "links": [
        {"between": ["gpu0", "gpu1"], "interconnect": {"bandwidth": 1e9, "latency": 1e-6}},
        {"between": ["gpu1", "gpu2"], "interconnect": {"bandwidth": 5e8, "latency": 2e-6}}]}}})",
                                3, 1);
    CHECK(message_cost(row, 0, 2, 1000) == TransferCost{.occupancy = 2_us, .latency = 3_us});
    CHECK(message_cost(row, 0, 1, 1000) == TransferCost{.occupancy = 1_us, .latency = 1_us});
  }

  TEST_CASE("links are described once, by a name that is known, with devices enough") {
    CHECK_THROWS_WITH_AS(
        cluster(R"({"cluster": {"interconnect": "ideal", "topology": {"devices": 2}}})", 2, 1),
        "c.json: /cluster/topology: describes the links, and so does interconnect, got "
        "{\"devices\":2}\n  hint: give only one of the two",
        InputError);
    CHECK_THROWS_WITH_AS(
        cluster(R"({"cluster": {"interconnect": "dgx-a200"}})", 2, 1),
        "c.json: /cluster/interconnect: is not a known interconnect, got \"dgx-a200\"\n"
        "  hint: did you mean \"dgx-a100\"? interconnects: ideal, pcie3, pcie4, pcie5, nvlink2, "
        "nvlink3, nvlink4, nvlink5, ib-edr, ib-hdr, ib-ndr, ici-v2, ici-v3, dgx-v100, dgx-a100, "
        "dgx-a100-4nic, dgx-h100, dgx-b200, pcie3-host, tpu-v2-ring, tpu-v3-ring; or an object, "
        "such as {\"bandwidth\": \"25 GB/s\", \"latency\": \"5 us\"}",
        InputError);
    CHECK_THROWS_WITH_AS(
        cluster(R"({"cluster": {"interconnect": "pcie3-host"}})", 3, 3),
        "c.json: /cluster/interconnect: has 8 devices, fewer than the 9 that are asked for, got "
        "\"pcie3-host\"\n  hint: choose another interconnect, or describe a topology",
        InputError);
    CHECK_THROWS_WITH_AS(cluster(R"({"cluster": {"topology": {"devices": 2}}})", 2, 1),
                         "c.json: /cluster/topology: does not connect \"gpu0\" with \"gpu1\", got "
                         "{\"devices\":2}\n  hint: add a link, or a switch that both are linked to",
                         InputError);
  }

  TEST_CASE("a layer's least time on the host is a time") {
    CHECK(cluster(R"({"cluster": {"host_time_per_layer": "0.86 ms"}})", 2, 1).host_time_per_layer ==
          860_us);
    CHECK(cluster("{}", 2, 1).host_time_per_layer == 0_ps);
  }

  TEST_CASE("an unknown key of the cluster is answered with the known ones") {
    CHECK_THROWS_WITH_AS(cluster(R"({"cluster": {"link": "nvlink2"}})", 2, 1),
                         "c.json: /cluster/link: is not a known key, got \"nvlink2\"\n"
                         "  hint: did you mean \"interconnect\"? known here: devices, device, "
                         "interconnect, topology, order, stragglers, host_time_per_layer",
                         InputError);
  }
}

}  // namespace pipesim

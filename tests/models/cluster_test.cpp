#include "models/cluster.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

Cluster cluster(std::string_view json, int stages, int data_parallel) {
  return read_cluster(Field(parse_document(json, "c.json")), stages, data_parallel);
}

}  // namespace

TEST_SUITE("models/cluster") {
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

  TEST_CASE("a list of devices has one entry for each device of the pipeline") {
    const Cluster mixed = cluster(R"({"cluster": {"device": ["p100", {"memory": 5}]}})", 2, 1);
    CHECK(mixed.device(0).name == "p100");
    CHECK(mixed.device(1).memory == 5);
    CHECK_THROWS_WITH_AS(cluster(R"({"cluster": {"device": ["p100"]}})", 2, 1),
                         "c.json: /cluster/device: must have one entry for each of the 2 devices, "
                         "got [\"p100\"]\n  hint: this list has 1",
                         InputError);
    CHECK_THROWS_WITH_AS(cluster(R"({"cluster": {"device": ["p100", "p100"]}})", 2, 2),
                         "c.json: /cluster/device: a list of devices describes one pipeline, not "
                         "several replicas, got [\"p100\",\"p100\"]\n  hint: set "
                         "training.data_parallel to 1, or name one device for all",
                         InputError);
  }

  TEST_CASE("an unknown key of the cluster is answered with the known ones") {
    CHECK_THROWS_WITH_AS(cluster(R"({"cluster": {"link": "nvlink2"}})", 2, 1),
                         "c.json: /cluster/link: is not a known key, got \"nvlink2\"\n"
                         "  hint: known here: devices, device, interconnect",
                         InputError);
  }
}

}  // namespace pipesim

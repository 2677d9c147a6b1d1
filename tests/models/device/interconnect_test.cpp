#include "models/device/interconnect.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

Interconnect interconnect(std::string_view json) {
  return read_interconnect(Field(parse_document(json, "c.json")));
}

}  // namespace

TEST_SUITE("models/device/interconnect") {
  TEST_CASE("the known interconnects, each with the source of its figures") {
    std::string names;
    for (const Interconnect& known : known_interconnects()) {
      names += known.name + " ";
      CHECK(known.source.size() >= 20);
    }
    CHECK(names ==
          "ideal pcie3 pcie4 pcie5 nvlink2 nvlink3 nvlink4 nvlink5 ib-edr ib-hdr ib-ndr ici-v2 "
          "ici-v3 ");
    CHECK_FALSE(known_interconnects()[0].bandwidth.has_value());
    CHECK(known_interconnects()[0].latency == 0);
    CHECK(interconnect(R"("pcie3")").bandwidth == 15.754e9);
    CHECK(interconnect(R"("nvlink2")").bandwidth == 150e9);
    CHECK(interconnect(R"("nvlink3")").bandwidth == 300e9);
    CHECK(interconnect(R"("ib-hdr")").bandwidth == 25e9);
    CHECK(known_interconnect("nvlink5").bandwidth == 900e9);
    CHECK_THROWS_AS(known_interconnect("nvlink9"), std::logic_error);
  }

  TEST_CASE("a message takes the link for bytes / bandwidth and arrives a latency later") {
    const TransferCost cost =
        transfer_cost({.bandwidth = 25e9, .latency = 2e-6}, Bytes{25} * 1000 * 1000);
    CHECK(cost == TransferCost{.occupancy = 1000_us, .latency = 2_us});
    CHECK(cost.total() == 1002_us);
    CHECK(transfer_cost({.bandwidth = 25e9, .latency = 2e-6}, 0) ==
          TransferCost{.occupancy = 0_ps, .latency = 2_us});
  }

  TEST_CASE("a message reaches a part of the data sheet's bandwidth") {
    const Interconnect link{.bandwidth = 25e9, .latency = 2e-6, .efficiency = 0.75};
    CHECK(transfer_cost(link, 18'750'000) == TransferCost{.occupancy = 1000_us, .latency = 2_us});
    CHECK(link.rate(Collective::all_gather) == 18.75e9);
  }

  TEST_CASE("without a bandwidth a message of any size takes only the latency") {
    CHECK(transfer_cost({.latency = 3e-9}, bytes_limit) ==
          TransferCost{.occupancy = 0_ps, .latency = 3_ns});
    CHECK(transfer_cost({}, bytes_limit) == TransferCost{});
  }

  TEST_CASE("a ring all-reduce is 2(r-1) steps of latency + bytes / r / bandwidth") {
    const Interconnect link{.bandwidth = 1e9, .latency = 1e-6};
    // 4 ranks, 4000 bytes: 6 steps of 1 us for a quarter of the bytes, and 1 us of latency.
    CHECK(ring_all_reduce(link, 4000, 4) == 12_us);
    CHECK(ring_all_reduce(link, 4000, 2) == 6_us);
    CHECK(ring_all_reduce(link, 0, 8) == 14_us);
    CHECK(ring_all_reduce({}, 4000, 4) == 0_ps);
    CHECK(ring_all_reduce(link, 4000, 1) == 0_ps);
  }

  TEST_CASE("an interconnect may be described in full") {
    const Interconnect custom = interconnect(
        R"({"name": "mine", "bandwidth": "200 Gbit/s", "latency": "2 us", "source": "measured"})");
    CHECK(custom.name == "mine");
    CHECK(custom.bandwidth == 25e9);
    CHECK(custom.latency == 2e-6);
    CHECK(custom.source == "measured");
    const Interconnect plain = interconnect("{}");
    CHECK(plain.name == "custom interconnect");
    CHECK_FALSE(plain.bandwidth.has_value());
    CHECK(plain.latency == 0);
  }

  TEST_CASE("what collectives reach and take beside is one figure, or one for each") {
    const Interconnect one = interconnect(
        R"({"bandwidth": 10, "efficiency": 0.5, "collective_efficiency": 0.25,
            "collective_latency": "8 us", "shard_bandwidth": "1 GB/s"})");
    CHECK(one.efficiency == 0.5);
    CHECK(one.collective_efficiency == ByCollective{0.25, 0.25, 0.25, 0.25});
    CHECK(one.collective_latency == ByCollective{8e-6, 4e-6, 4e-6, 4e-6});
    CHECK(one.shard_bandwidth == 1e9);
    const Interconnect each = interconnect(
        R"({"bandwidth": 10, "collective_efficiency": {"all_gather": 0.5, "all_to_all": 0.25},
            "collective_latency": {"reduce_scatter": "8 us"}})");
    CHECK(each.rate(Collective::all_reduce) == 10);
    CHECK(each.rate(Collective::all_gather) == 5);
    CHECK(each.rate(Collective::all_to_all) == 2.5);
    CHECK(each.collective_latency == ByCollective{std::nullopt, std::nullopt, 8e-6, std::nullopt});
    CHECK_THROWS_WITH_AS(interconnect(R"({"efficiency": 0})"),
                         "c.json: /efficiency: must be a number from 1e-06 to 1, got 0\n"
                         "  hint: choose one in that range",
                         InputError);
    CHECK_THROWS_WITH_AS(interconnect(R"({"collective_efficiency": {"reduce": 1}})"),
                         "c.json: /collective_efficiency/reduce: is not a known key, got 1\n"
                         "  hint: did you mean \"reduce_scatter\"? known here: all_reduce, "
                         "all_gather, reduce_scatter, all_to_all",
                         InputError);
  }

  TEST_CASE("what is no interconnect is answered with the known ones") {
    CHECK_THROWS_WITH_AS(
        interconnect(R"("nvlink6")"),
        "c.json: /: is not a known interconnect, got \"nvlink6\"\n"
        "  hint: did you mean \"nvlink2\"? interconnects: ideal, pcie3, pcie4, "
        "pcie5, nvlink2, nvlink3, nvlink4, nvlink5, ib-edr, ib-hdr, ib-ndr, "
        "ici-v2, ici-v3; or an object, such as {\"bandwidth\": \"25 GB/s\", \"latency\": \"5 us\"}",
        InputError);
    CHECK_THROWS_WITH_AS(
        interconnect(R"({"bandwidth": -5})"),
        "c.json: /bandwidth: must be above 0, got -5\n"
        "  hint: a bandwidth is a number of bytes/s, or a text such as \"25 GB/s\" (B/s to TB/s, "
        "KiB/s to TiB/s, Mbit/s to Tbit/s); leave the key out where there is no limit",
        InputError);
    CHECK_THROWS_WITH_AS(interconnect("[]"),
                         "c.json: /: must be an interconnect's name or an object, got []\n"
                         "  hint: write an interconnect's name or an object here; this is a list",
                         InputError);
  }
}

}  // namespace pipesim

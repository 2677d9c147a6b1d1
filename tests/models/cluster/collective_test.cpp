#include "models/cluster/collective.hpp"
#include "support/places.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace pipesim {

namespace {

using enum Collective;

constexpr double nv = 220e9;
constexpr double nic = 25e9;

// What the studies of published figures use: see models/device/interconnect_list.cpp.
const Interconnect nvlink{.bandwidth = nv};
const Interconnect infiniband{
    .bandwidth = nic, .latency = 20e-6, .collective_efficiency = {0.5, 0.5, 0.5, 0.5}};

GroupNetwork nodes_of(int inside, int nodes, double share = 1) {
  return {{{.ranks = inside, .interconnect = nvlink},
           {.ranks = nodes, .interconnect = infiniband, .share = share}}};
}

bool close(double a, double b) {
  return a == doctest::Approx(b).epsilon(1e-12);
}

// gpu,gpus,bytes,out_of_place_us,…: the average error of all-reduces over this interconnect.
double mean_error(std::istream& rows, std::string_view gpu, std::string_view interconnect) {
  double errors = 0;
  int count = 0;
  for (std::string row; std::getline(rows, row);) {
    std::ranges::replace(row, ',', ' ');
    std::istringstream fields(row);
    std::string name;
    int gpus = 0;
    double bytes = 0;
    double us = 0;
    if (!(fields >> name >> gpus >> bytes >> us) || name != gpu) continue;
    if (gpu == "v100" && gpus != 8) continue;  // Fewer use only some of the links.
    const GroupNetwork network{{{.ranks = gpus, .interconnect = known_interconnect(interconnect)}}};
    errors += std::abs(collective_seconds(all_reduce, bytes, network) / (us * 1e-6) - 1);
    ++count;
  }
  return errors / count;
}

}  // namespace

TEST_SUITE("models/cluster/collective") {
  TEST_CASE("a ring passes on at the speed of the slowest level that it crosses") {
    CHECK(ring_pass_seconds(1e9, nodes_of(1, 1)) == 0);
    CHECK(close(ring_pass_seconds(1e9, nodes_of(8, 1)), 1e9 / nv));
    CHECK(close(ring_pass_seconds(1e9, nodes_of(8, 2)), 20e-6 + 1e9 / nic));
    CHECK(close(ring_pass_seconds(1e9, nodes_of(1, 4, 0.5)), 20e-6 + 2e9 / nic));
  }

  TEST_CASE("one rank has nobody to wait for") {
    for (const Collective collective : {all_reduce, all_gather, reduce_scatter, all_to_all}) {
      CHECK(collective_seconds(collective, 1e9, nodes_of(1, 1)) == 0);
      CHECK(collective_seconds(collective, 1e9, {}) == 0);
    }
  }

  TEST_CASE("in a ring each step moves the r-th part: an all-reduce takes twice the steps") {
    const Interconnect link{.bandwidth = 1e9, .latency = 1e-6};
    const GroupNetwork ring{{{.ranks = 4, .interconnect = link}}};
    CHECK(close(collective_seconds(all_reduce, 4000, ring), 6 * 2e-6));
    CHECK(close(collective_seconds(all_gather, 4000, ring), 3 * 2e-6));
    CHECK(close(collective_seconds(reduce_scatter, 4000, ring), 3 * 2e-6));
    CHECK(close(collective_seconds(all_to_all, 4000, ring), 3 * 2e-6));
    const GroupNetwork half{{{.ranks = 4, .interconnect = link, .share = 0.5}}};
    CHECK(close(collective_seconds(all_reduce, 4000, half), 6 * 3e-6));
  }

  TEST_CASE("a constant stands for the latencies of the steps, and a shard is passed over once") {
    const Interconnect link{.bandwidth = 1e9,
                            .latency = 1,
                            .efficiency = 0.5,
                            .collective_efficiency = {0.8},
                            .collective_latency = {10e-6, 5e-6, 5e-6, 5e-6},
                            .shard_bandwidth = 1e9};
    const GroupNetwork ring{{{.ranks = 4, .interconnect = link}}};
    CHECK(close(collective_seconds(all_reduce, 8000, ring), 10e-6 + 6 * 2.5e-6 + 2e-6));
    CHECK(close(collective_seconds(all_gather, 8000, ring), 5e-6 + 3 * 4e-6 + 1e-6));
  }

  TEST_CASE("data-parallel replicas: inside the nodes all bytes, between them each rank's shard") {
    const double bytes = 4e9;
    for (const int k : {1, 2, 4, 8}) {
      for (const int n : {1, 2, 4, 16}) {
        CAPTURE(k);
        CAPTURE(n);
        const double between = 2.0 * (n - 1) / n * bytes / k / (0.5 * nic) + 40e-6 * (n - 1);
        const double inside = 2.0 * (k - 1) / k * bytes / nv;
        CHECK(close(collective_seconds(all_reduce, bytes, nodes_of(k, n)), between + inside));
      }
    }
  }

  TEST_CASE("sixteen tensor-parallel ranks on two nodes of eight") {
    const double bytes = 2.0 * 2048 * 12288;
    GroupNetwork network = nodes_of(8, 2);
    network.levels[1].interconnect.collective_efficiency.fill(0.75);
    const double expected = 2 * 7.0 / 8 * bytes / nv + 2 * 0.5 * (bytes / 8) / (0.75 * nic) + 40e-6;
    CHECK(close(collective_seconds(all_reduce, bytes, network), expected));
  }

  TEST_CASE("an all-reduce is a reduce-scatter and an all-gather, over any levels") {
    const GroupNetwork three{{{.ranks = 2, .interconnect = nvlink},
                              {.ranks = 4, .interconnect = nvlink},
                              {.ranks = 3, .interconnect = infiniband}}};
    const double scattered = collective_seconds(reduce_scatter, 1e9, three);
    CHECK(close(scattered, 0.5e9 / nv + 0.75 * 0.5e9 / nv + 2.0 / 3 * 0.125e9 / 12.5e9 + 40e-6));
    CHECK(scattered == collective_seconds(all_gather, 1e9, three));
    CHECK(close(collective_seconds(all_reduce, 1e9, three), 2 * scattered));
  }

  TEST_CASE("between nodes a tree takes over where latencies outweigh bytes: inside never") {
    // 64 nodes: a ring has 126 steps of 20 µs, a tree 12, and twice the bytes at 12.5 GB/s.
    CHECK(close(collective_seconds(all_reduce, 0, nodes_of(1, 64)), 12 * 20e-6));
    CHECK(close(collective_seconds(all_reduce, 1e6, nodes_of(1, 64)), 12 * 20e-6 + 2e6 / 12.5e9));
    CHECK(close(collective_seconds(all_reduce, 1e12, nodes_of(1, 64)),
                126 * (20e-6 + 1e12 / 64 / 12.5e9)));
    CHECK(close(collective_seconds(all_reduce, 0, {{{.ranks = 64, .interconnect = infiniband}}}),
                126 * 20e-6));
  }

  TEST_CASE("an all-to-all leaves over each level what is not meant for the ranks within") {
    // 2 × 4 ranks, 8 parts of 1 GB: one stays, one goes next door, six go out.
    const GroupNetwork network = nodes_of(2, 4);
    CHECK(close(collective_seconds(all_to_all, 8e9, network), 3 * 20e-6 + 6e9 / 12.5e9));
    GroupNetwork slow_inside = network;
    slow_inside.levels[0].interconnect.bandwidth = 1e9;
    CHECK(close(collective_seconds(all_to_all, 8e9, slow_inside), 1));
  }

  TEST_CASE("all-reduces over NVLink are within two percent of the measured ones on average") {
    const std::filesystem::path file =
        std::filesystem::path(PIPESIM_SOURCE_DIR) / "../shared/data/vtrain_allreduce_measured.csv";
    if (!std::filesystem::exists(file)) {
      MESSAGE("skipped: no ", file.string());
      return;
    }
    std::ifstream a100(file);
    CHECK(mean_error(a100, "a100", "nvlink3") < 0.019);
    std::ifstream v100(file);
    CHECK(mean_error(v100, "v100", "nvlink2") < 0.012);
  }
}

}  // namespace pipesim

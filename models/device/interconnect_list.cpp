#include "models/device/interconnect.hpp"

namespace pipesim {

namespace {

constexpr ByCollective every(double value) {
  return {value, value, value, value};
}

// All of an all-reduce, half of it for the others, which do half.
constexpr ByCollective and_half(double seconds) {
  return {seconds, seconds / 2, seconds / 2, seconds / 2};
}

// NVLink under NCCL, from the all-reduces of 1 MiB to 1 GiB that vTrain measured on 2 to 8 A100
// behind NVSwitch (github.com/VIA-Research/vTrain). Fitted by relative least squares on every other
// row: t = 58 µs + 2(n-1)/n·B / (232 GB/s) + B/n / (597 GB/s); on the other rows 1.8 % off on
// average. Without the last part 217.8 GB/s and 60.5 µs, 4.2 %; a latency for each of the ring's
// steps in place of the constant 5.4 %; bytes alone 6.7 %. The ring's steps are messages between
// two devices, which are taken to be as quick.
constexpr double nvlink_part = 232.0 / 300.0;
constexpr double nvlink_collective = 58e-6;
constexpr double a100_shard = 597e9;

// On 8 V100 (a DGX-1, whose rings use all six links only when all 8 take part) the same source
// gives 136 GB/s and 75 µs, 1.0 % off; two of them reach 22.5 of the 25 GB/s of their one link.
constexpr double nvlink2_ring = 136.0 / 150.0;
constexpr double nvlink2_message = 22.5 / 25.0;

// InfiniBand, what reproduces the iteration times of Korthikanti et al. (arXiv:2205.05198) and of
// Narayanan et al. (arXiv:2104.04473): messages at 3/4 of a NIC, 20 µs for a message or a step;
// rings as much, which vTrain's iteration times with groups of 16 on two nodes decided. The other
// generations are taken to be alike.
constexpr double ib_part = 0.75;
constexpr double ib_latency = 20e-6;

// SimuMax's measurements on B200 (github.com/MooreThreads/SimuMax, system file b200) are in parts
// of 900 GiB/s: .7424, .6735, .6731, .5968; the constant part of each is latency_us and
// fixed_latency_us together (of an all-to-all over 8). Messages, at 1.45 parts there, are no figure
// of a link; they are taken to reach what they do over nvlink3.
constexpr double gib = 1.073741824;
constexpr ByCollective nvlink5_parts = {.7424 * gib, .6735 * gib, .6731 * gib, .5968 * gib};
constexpr ByCollective nvlink5_latency = {27.7e-6, 32.3e-6, 33.6e-6, 7.3e-6};

// SimuMax's system file a100_pcie, in parts of 30 GiB/s: messages .5 and 10 µs; all-reduces over
// up to four GPUs .69 and 15 µs.
constexpr double pcie4_unit = 30 * gib / 31.508;

// Eight P40 copy at 10 GB/s + 50 µs: what reproduces torchgpipe's speed-ups (arXiv:2004.09910).
constexpr double pcie3_part = 10 / 15.754;

}  // namespace

// Data sheets state bandwidths, not the latency of a message between two GPUs: over NVLink 5 µs,
// about the constant part of an all-reduce shared among the 14 steps of a ring of 8.
const std::vector<Interconnect>& known_interconnects() {
  static const std::vector<Interconnect> known = {
      {.name = "ideal", .source = "unlimited bandwidth, no latency: the formulas' assumption"},
      {.name = "pcie3",
       .bandwidth = 15.754e9,
       .latency = 50e-6,
       .efficiency = pcie3_part,
       .source = "PCI Express 3.0 x16: 8 GT/s, 128b/130b, 16 lanes"},
      {.name = "pcie4",
       .bandwidth = 31.508e9,
       .latency = 10e-6,
       .efficiency = 0.5 * pcie4_unit,
       .collective_efficiency = every(0.69 * pcie4_unit),
       .collective_latency = and_half(15e-6),
       .source = "PCI Express 4.0 x16: 16 GT/s, 128b/130b, 16 lanes"},
      {.name = "pcie5",
       .bandwidth = 63.015e9,
       .latency = 10e-6,
       .efficiency = 0.5 * pcie4_unit,
       .collective_efficiency = every(0.69 * pcie4_unit),
       .collective_latency = and_half(15e-6),
       .source = "PCI Express 5.0 x16: 32 GT/s, 128b/130b, 16 lanes; reached as pcie4 is"},
      {.name = "nvlink2",
       .bandwidth = 150e9,
       .latency = 5e-6,
       .efficiency = nvlink2_message,
       .collective_efficiency = every(nvlink2_ring),
       .collective_latency = and_half(75e-6),
       .source = "NVIDIA Tesla V100 data sheet: 6 links of 25 GB/s each way"},
      {.name = "nvlink3",
       .bandwidth = 300e9,
       .latency = 5e-6,
       .efficiency = nvlink_part,
       .collective_latency = and_half(nvlink_collective),
       .shard_bandwidth = a100_shard,
       .source = "NVIDIA A100 data sheet: 12 links of 25 GB/s each way"},
      {.name = "nvlink4",
       .bandwidth = 450e9,
       .latency = 5e-6,
       .efficiency = nvlink_part,
       .collective_latency = and_half(nvlink_collective),
       .shard_bandwidth = a100_shard * 1.5,
       .source = "NVIDIA H100 data sheet: 18 links of 25 GB/s each way; reached as nvlink3 is"},
      {.name = "nvlink5",
       .bandwidth = 900e9,
       .latency = 5e-6,
       .efficiency = nvlink_part,
       .collective_efficiency = nvlink5_parts,
       .collective_latency = nvlink5_latency,
       .source = "NVIDIA B200 data sheet: 18 links of 50 GB/s each way"},
      {.name = "ib-edr",
       .bandwidth = 12.5e9,
       .latency = ib_latency,
       .efficiency = ib_part,
       .source = "NVIDIA ConnectX-5 data sheet: EDR InfiniBand, 100 Gbit/s a port"},
      {.name = "ib-hdr",
       .bandwidth = 25e9,
       .latency = ib_latency,
       .efficiency = ib_part,
       .source = "NVIDIA ConnectX-6 data sheet: HDR InfiniBand, 200 Gbit/s a port"},
      {.name = "ib-ndr",
       .bandwidth = 50e9,
       .latency = ib_latency,
       .efficiency = ib_part,
       .source = "NVIDIA ConnectX-7 data sheet: NDR InfiniBand, 400 Gbit/s a port"},
      // No latency is published; 1 µs is an assumption.
      {.name = "ici-v2",
       .bandwidth = 62e9,
       .latency = 1e-6,
       .source = "TPU v2, one link of 496 Gbit/s; Jouppi et al., CACM 63(7), 2020, Table 3"},
      {.name = "ici-v3",
       .bandwidth = 82e9,
       .latency = 1e-6,
       .source = "TPU v3, one link of 656 Gbit/s; Jouppi et al., CACM 63(7), 2020, Table 3"},
  };
  return known;
}

}  // namespace pipesim

#include "models/interconnect.hpp"

namespace pipesim {

namespace {

// Data sheets state bandwidths, not the latency of a message between two GPUs. Latencies:
// - pcie3: 50 µs, what reproduces the speed-ups of torchgpipe on eight P40 (arXiv:2004.09910);
// - nvlink: 5 µs, the constant part (70 µs) of the 8-GPU all-reduces that vTrain measured on A100
//   (github.com/VIA-Research/vTrain), shared among the 14 steps of a ring;
// - ib-hdr: 20 µs, what reproduces the iteration times of Korthikanti et al. (arXiv:2205.05198).
const std::vector<Interconnect> interconnects = {
    {.name = "ideal", .source = "unlimited bandwidth, no latency: the formulas' assumption"},
    {.name = "pcie3",
     .bandwidth = 15.754e9,
     .latency = 50e-6,
     .source = "PCI Express 3.0 x16: 8 GT/s, 128b/130b, 16 lanes"},
    {.name = "nvlink2",
     .bandwidth = 150e9,
     .latency = 5e-6,
     .source = "NVIDIA Tesla V100 data sheet: 6 links of 25 GB/s each way"},
    {.name = "nvlink3",
     .bandwidth = 300e9,
     .latency = 5e-6,
     .source = "NVIDIA A100 data sheet: 12 links of 25 GB/s each way"},
    {.name = "ib-hdr",
     .bandwidth = 25e9,
     .latency = 20e-6,
     .source = "NVIDIA ConnectX-6 data sheet: HDR InfiniBand, 200 Gbit/s a port"},
};

}  // namespace

TransferCost transfer_cost(const Interconnect& interconnect, Bytes bytes) {
  TransferCost cost{.latency = to_time(interconnect.latency)};
  if (interconnect.bandwidth) {
    cost.occupancy = to_time(static_cast<double>(bytes) / *interconnect.bandwidth);
  }
  return cost;
}

Time ring_all_reduce(const Interconnect& interconnect, Bytes bytes, int ranks) {
  if (ranks < 2) return {};
  const double steps = 2.0 * (ranks - 1);
  const double step_bytes = static_cast<double>(bytes) / ranks;
  const double step =
      interconnect.latency + (interconnect.bandwidth ? step_bytes / *interconnect.bandwidth : 0);
  return to_time(steps * step);
}

const std::vector<Interconnect>& known_interconnects() {
  return interconnects;
}

Interconnect read_interconnect(const Field& field) {
  if (field.is_object()) {
    field.allow_keys({"name", "bandwidth", "latency", "source"});
    Interconnect custom{.name = "custom interconnect"};
    if (const auto name = field.find("name")) custom.name = name->text();
    if (const auto rate = field.find("bandwidth"))
      custom.bandwidth = rate->rate(Dimension::bandwidth);
    if (const auto time = field.find("latency")) custom.latency = seconds(time->time());
    if (const auto source = field.find("source")) custom.source = source->text();
    return custom;
  }
  if (!field.is_text()) throw field.wrong_type("an interconnect's name or an object");
  const std::string name = field.text();
  std::vector<std::string> names;
  for (const Interconnect& known : interconnects) {
    if (known.name == name) return known;
    names.push_back(known.name);
  }
  throw field.error("is not a known interconnect", suggestion(name, "interconnects", names));
}

}  // namespace pipesim

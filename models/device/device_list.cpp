#include "models/device/b200.hpp"
#include "models/device/device.hpp"

namespace pipesim {

namespace {

constexpr Bytes GiB = Bytes{1} << 30;
constexpr double T = 1e12;

// The fixed part of a small operator on a GPU: 5 µs, fitted on the element-wise kernels that
// SimuMax measured on an A100 PCIe (github.com/MooreThreads/SimuMax, system file a100_pcie). Data
// sheets state none; the older GPUs are taken to be alike.
constexpr double gpu_launch = 5e-6;

// Fitted on measurements of an A100 80 GB:
// - product: e .827 on the ten layer times of Korthikanti et al. (arXiv:2205.05198, Table 4); bytes
//   and overhead on 183 products that SimuMax measured (system file a100_pcie; 3.5 % off on the
//   half that was left out);
// - attention: .65, and what products hide of collectives, .6: on the same Table 4;
// - fused attention: on the twelve of each direction in SimuMax's file; FLOPs of the full square of
//   scores, of which causal attention computes half: so a part may be above 1;
// - elementwise: on the same file's.
// No table of whole kernels is known for the other GPUs without a comment of their own: they are
// taken to reach the same parts of their data sheets.
const DeviceEfficiency a100_efficiency{
    .product = {.compute = 0.827, .memory = 1 / 0.63, .overhead = 15.7e-6},
    .grouped_product = {.compute = 0.827, .memory = 1 / 0.63, .overhead = 15.7e-6},
    .attention = {.compute = 0.65, .memory = 1 / 0.63, .overhead = 15.7e-6},
    .fused_attention = {.compute = 1.25, .overhead = 75e-6},
    .fused_attention_gradient = {.compute = 1.03, .overhead = 130e-6},
    .elementwise = {.memory = 0.75, .overhead = gpu_launch},
    .hidden_communication = 0.6};

DeviceEfficiency alike(KernelEfficiency kernel) {
  return {.product = kernel,
          .grouped_product = kernel,
          .attention = kernel,
          .fused_attention = kernel,
          .fused_attention_gradient = kernel,
          .elementwise = kernel};
}

// Fitted on the nine absolute speeds of AmoebaNet-D (18, 256) that torchgpipe measured on P40
// (docs/benchmarks.rst at version 0.0.5); one tells little of the other, since convolutions and
// what stands between them take about as long. The P100, of the same architecture, and TPUs, for
// which no kernels are published, are taken to be like it.
const DeviceEfficiency p40_efficiency =
    alike({.compute = 0.56, .memory = 0.68, .overhead = gpu_launch});
const DeviceEfficiency tpu_efficiency = alike({.compute = 0.56, .memory = 0.68});

// flops: fp64, fp32, fp16, bf16; dense matrix peaks, Tensor Cores where the data sheet counts them
// for that format without a change of precision (so not TF32 for fp32).
const std::vector<Device> devices = {
    {.name = "cpu-core",
     .flops = {80e9, 160e9, std::nullopt, std::nullopt},
     .memory_bandwidth = 12e9,
     .source = "one Xeon core at 2.5 GHz: two AVX-512 FMA units; 12 GB/s measured (STREAM triad)"},
    {.name = "p40",
     .memory = 24 * GiB,
     .flops = {0.367 * T, 11.76 * T, std::nullopt, std::nullopt},
     .memory_bandwidth = 346e9,
     .launch_overhead = gpu_launch,
     .efficiency = p40_efficiency,
     .source = "NVIDIA Tesla P40 data sheet, 2016"},
    {.name = "p100",
     .memory = 16 * GiB,
     .flops = {4.7 * T, 9.3 * T, 18.7 * T, std::nullopt},
     .memory_bandwidth = 732e9,
     .launch_overhead = gpu_launch,
     .efficiency = p40_efficiency,
     .source = "NVIDIA Tesla P100 PCIe data sheet, 2016"},
    {.name = "v100-16gb",
     .memory = 16 * GiB,
     .flops = {7.8 * T, 15.7 * T, 125 * T, std::nullopt},
     .memory_bandwidth = 900e9,
     .launch_overhead = gpu_launch,
     .efficiency = a100_efficiency,
     .source = "NVIDIA Tesla V100 SXM2 data sheet, 2018"},
    {.name = "v100-32gb",
     .memory = 32 * GiB,
     .flops = {7.8 * T, 15.7 * T, 125 * T, std::nullopt},
     .memory_bandwidth = 900e9,
     .launch_overhead = gpu_launch,
     .efficiency = a100_efficiency,
     .source = "NVIDIA Tesla V100 SXM2 data sheet, 2018"},
    {.name = "a100-40gb",
     .memory = 40 * GiB,
     .flops = {19.5 * T, 19.5 * T, 312 * T, 312 * T},
     .memory_bandwidth = 1555e9,
     .launch_overhead = gpu_launch,
     .efficiency = a100_efficiency,
     .source = "NVIDIA A100 SXM4 40 GB data sheet, 2020"},
    {.name = "a100-80gb",
     .memory = 80 * GiB,
     .flops = {19.5 * T, 19.5 * T, 312 * T, 312 * T},
     .memory_bandwidth = 2039e9,
     .launch_overhead = gpu_launch,
     .efficiency = a100_efficiency,
     .source = "NVIDIA A100 SXM4 80 GB data sheet, 2021"},
    {.name = "h100-80gb",
     .memory = 80 * GiB,
     .flops = {67 * T, 67 * T, 989.4 * T, 989.4 * T},
     .memory_bandwidth = 3350e9,
     .launch_overhead = gpu_launch,
     .efficiency = a100_efficiency,
     .source = "NVIDIA H100 SXM5 data sheet, 2023 (dense rates)"},
    {.name = "h200",
     .memory = 141'000'000'000,
     .flops = {67 * T, 67 * T, 989.4 * T, 989.4 * T},
     .memory_bandwidth = 4800e9,
     .launch_overhead = gpu_launch,
     .efficiency = a100_efficiency,
     .source = "NVIDIA H200 SXM data sheet, 2024 (dense rates)"},
    b200(),
    // Both TPUs count one core, half a chip, as the GPipe paper does.
    {.name = "tpu-v2",
     .memory = 8 * GiB,
     .flops = {std::nullopt, 1.5 * T, std::nullopt, 23 * T},
     .memory_bandwidth = 350e9,
     .efficiency = tpu_efficiency,
     .source = "one core; Jouppi et al., CACM 63(7), 2020, Table 3"},
    {.name = "tpu-v3",
     .memory = 16 * GiB,
     .flops = {std::nullopt, 2 * T, std::nullopt, 61.5 * T},
     .memory_bandwidth = 450e9,
     .efficiency = tpu_efficiency,
     .source = "one core; Jouppi et al., CACM 63(7), 2020, Table 3"},
};

}  // namespace

const std::vector<Device>& known_devices() {
  return devices;
}

}  // namespace pipesim

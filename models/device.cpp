#include "models/device.hpp"

#include <filesystem>

#include "models/text_file.hpp"

namespace pipesim {

namespace {

constexpr Bytes GiB = Bytes{1} << 30;
constexpr double T = 1e12;

// The fixed part of a small operator on a GPU: 5 µs, fitted on the element-wise kernels that
// SimuMax measured on an A100 PCIe (github.com/MooreThreads/SimuMax, system file a100_pcie). Data
// sheets state none; the older GPUs are taken to be alike.
constexpr double gpu_launch = 5e-6;

// flops: fp64, fp32, fp16, bf16; dense matrix peaks, Tensor Cores where the data sheet counts them
// for that format without a change of precision (so not TF32 for fp32).
const std::vector<Device> devices = {
    {.name = "cpu-core",
     .flops = {80e9, 160e9, std::nullopt, std::nullopt},
     .memory_bandwidth = 12e9,
     .source = "one Xeon core at 2.5 GHz: two AVX-512 FMA units; 12 GB/s measured (STREAM triad)"},
    {.name = "p100",
     .memory = 16 * GiB,
     .flops = {4.7 * T, 9.3 * T, 18.7 * T, std::nullopt},
     .memory_bandwidth = 732e9,
     .launch_overhead = gpu_launch,
     .source = "NVIDIA Tesla P100 PCIe data sheet, 2016"},
    {.name = "v100-16gb",
     .memory = 16 * GiB,
     .flops = {7.8 * T, 15.7 * T, 125 * T, std::nullopt},
     .memory_bandwidth = 900e9,
     .launch_overhead = gpu_launch,
     .source = "NVIDIA Tesla V100 SXM2 data sheet, 2018"},
    {.name = "v100-32gb",
     .memory = 32 * GiB,
     .flops = {7.8 * T, 15.7 * T, 125 * T, std::nullopt},
     .memory_bandwidth = 900e9,
     .launch_overhead = gpu_launch,
     .source = "NVIDIA Tesla V100 SXM2 data sheet, 2018"},
    {.name = "a100-40gb",
     .memory = 40 * GiB,
     .flops = {19.5 * T, 19.5 * T, 312 * T, 312 * T},
     .memory_bandwidth = 1555e9,
     .launch_overhead = gpu_launch,
     .source = "NVIDIA A100 SXM4 40 GB data sheet, 2020"},
    {.name = "a100-80gb",
     .memory = 80 * GiB,
     .flops = {19.5 * T, 19.5 * T, 312 * T, 312 * T},
     .memory_bandwidth = 2039e9,
     .launch_overhead = gpu_launch,
     .source = "NVIDIA A100 SXM4 80 GB data sheet, 2021"},
    {.name = "h100-80gb",
     .memory = 80 * GiB,
     .flops = {67 * T, 67 * T, 989.4 * T, 989.4 * T},
     .memory_bandwidth = 3350e9,
     .launch_overhead = gpu_launch,
     .source = "NVIDIA H100 SXM5 data sheet, 2023 (dense rates)"},
    // Both TPUs count one core, half a chip, as the GPipe paper does.
    {.name = "tpu-v2",
     .memory = 8 * GiB,
     .flops = {std::nullopt, 1.5 * T, std::nullopt, 23 * T},
     .memory_bandwidth = 350e9,
     .source = "one core; Jouppi et al., CACM 63(7), 2020, Table 3"},
    {.name = "tpu-v3",
     .memory = 16 * GiB,
     .flops = {std::nullopt, 2 * T, std::nullopt, 61.5 * T},
     .memory_bandwidth = 450e9,
     .source = "one core; Jouppi et al., CACM 63(7), 2020, Table 3"},
};

void read_flops(const Field& field, Device& device) {
  if (!field.is_object()) {
    device.flops.fill(field.rate(Dimension::compute));
    return;
  }
  field.allow_keys({precision_names.begin(), precision_names.end()});
  for (std::size_t i = 0; i < precision_names.size(); ++i) {
    if (const auto rate = field.find(precision_names[i])) {
      device.flops[i] = rate->rate(Dimension::compute);
    }
  }
}

void read_rates_by_precision(const Field& field, Device& device) {
  field.allow_keys({precision_names.begin(), precision_names.end()});
  for (std::size_t i = 0; i < precision_names.size(); ++i) {
    if (const auto rates = field.find(precision_names[i])) {
      device.kernel_rates[i] = read_kernel_rates(*rates);
    }
  }
}

Device read_device_object(const Field& field) {
  field.allow_keys({"name", "memory", "flops", "memory_bandwidth", "launch_overhead", "source",
                    "kernel_rates", "cache_bandwidth", "interconnect"});
  Device device{.name = "custom device"};
  if (const auto name = field.find("name")) device.name = name->text();
  if (const auto memory = field.find("memory")) device.memory = memory->bytes();
  if (const auto flops = field.find("flops")) read_flops(*flops, device);
  if (const auto rate = field.find("memory_bandwidth")) {
    device.memory_bandwidth = rate->rate(Dimension::bandwidth);
  }
  if (const auto time = field.find("launch_overhead"))
    device.launch_overhead = seconds(time->time());
  if (const auto rates = field.find("kernel_rates")) read_rates_by_precision(*rates, device);
  if (const auto rate = field.find("cache_bandwidth")) {
    device.cache_bandwidth = rate->rate(Dimension::bandwidth);
  }
  if (const auto link = field.find("interconnect")) device.interconnect = read_interconnect(*link);
  if (const auto source = field.find("source")) device.source = source->text();
  return device;
}

bool looks_like_a_path(const std::string& text) {
  return text.find('/') != std::string::npos || text.ends_with(".json");
}

}  // namespace

const std::vector<Device>& known_devices() {
  return devices;
}

Device read_device(const Field& field) {
  if (field.is_object()) return read_device_object(field);
  if (!field.is_text()) throw field.wrong_type("a device's name, a device file or an object");
  const std::string name = field.text();
  std::vector<std::string> names;
  for (const Device& device : devices) {
    if (device.name == name) return device;
    names.push_back(device.name);
  }
  if (looks_like_a_path(name)) {
    const std::string path = path_named_by(field);
    if (!std::filesystem::exists(path)) {
      throw field.error("names a device file that does not exist",
                        "paths are relative to the config's folder: looked for " + path);
    }
    return read_device_object(Field(read_document(path)));
  }
  throw field.error("is not a known device", suggestion(name, "devices", names));
}

}  // namespace pipesim

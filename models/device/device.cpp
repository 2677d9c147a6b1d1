#include "models/device/device.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "models/base/text_file.hpp"
#include "models/keys/config_keys.hpp"
#include "models/keys/unknown_keys.hpp"

namespace pipesim {

namespace {

void read_flops(const Field& field, Device& device) {
  if (!field.is_object()) {
    device.flops.fill(field.rate(Dimension::compute));
    return;
  }
  field.allow_keys(keys_of(Section::peak_rates));
  for (std::size_t i = 0; i < precision_names.size(); ++i) {
    if (const auto rate = field.find(precision_names[i])) {
      device.flops[i] = rate->rate(Dimension::compute);
    }
  }
}

void read_rates_by_precision(const Field& field, Device& device) {
  field.allow_keys(keys_of(Section::kernel_rates_by_precision));
  for (std::size_t i = 0; i < precision_names.size(); ++i) {
    if (const auto rates = field.find(precision_names[i])) {
      device.kernel_rates[i] = read_kernel_rates(*rates);
    }
  }
}

Device read_device_object(const Field& field) {
  field.allow_keys(keys_of(Section::device));
  Device device{.name = "custom device"};
  if (const auto name = field.find("name")) device.name = name->text();
  if (const auto memory = field.find("memory")) device.memory = memory->bytes();
  if (const auto flops = field.find("flops")) read_flops(*flops, device);
  if (const auto rate = field.find("memory_bandwidth")) {
    device.memory_bandwidth = rate->rate(Dimension::bandwidth);
  }
  if (const auto time = field.find("launch_overhead"))
    device.launch_overhead = seconds(time->time());
  if (const auto curves = field.find("efficiency")) device.efficiency = read_efficiency(*curves);
  if (const auto rates = field.find("kernel_rates")) read_rates_by_precision(*rates, device);
  if (const auto rate = field.find("cache_bandwidth")) {
    device.cache_bandwidth = rate->rate(Dimension::bandwidth);
  }
  if (const auto link = field.find("interconnect")) device.interconnect = read_interconnect(*link);
  if (const auto source = field.find("source")) device.source = source->text();
  return device;
}

// Any JSON file can be named as a device: of one that is none nothing is repeated.
void check_is_a_device(const Field& file) {
  if (!file.is_object()) return;
  const std::vector<std::string>& keys = keys_of(Section::device);
  const bool has_any =
      std::ranges::any_of(keys, [&](const std::string& key) { return file.find(key).has_value(); });
  if (has_any) return;
  throw file.source()->error("", "is no device file", "an object without any of a device's keys",
                             fmt::format("keys of a device: {}", fmt::join(keys, ", ")));
}

bool looks_like_a_path(const std::string& text) {
  return text.find('/') != std::string::npos || text.ends_with(".json");
}

Device read_device_value(const Field& field) {
  if (field.is_object()) return read_device_object(field);
  if (!field.is_text()) throw field.wrong_type("a device's name, a device file or an object");
  const std::string name = field.text();
  std::vector<std::string> names;
  for (const Device& device : known_devices()) {
    if (device.name == name) return device;
    names.push_back(device.name);
  }
  if (looks_like_a_path(name)) {
    const std::string path = path_named_by(field);
    std::error_code failure;
    if (std::filesystem::status(path, failure).type() == std::filesystem::file_type::not_found) {
      throw field.error("names a device file that does not exist", where_looked(field));
    }
    const Document document = read_document(path);
    check_is_a_device(Field(document));
    return read_all(document, Section::device, read_device_object);
  }
  throw field.error("is not a known device",
                    suggestion(name, "devices", names) +
                        R"(; or an object, such as {"memory": "24 GiB", "flops": "165 TFLOP/s", )"
                        R"("memory_bandwidth": "1 TB/s"}, or a device file: pipesim calibrate )"
                        "writes one");
}

}  // namespace

Device read_device(const Field& field) {
  Device device = read_device_value(field);
  device.place.pointer = field.pointer();
  return device;
}

}  // namespace pipesim

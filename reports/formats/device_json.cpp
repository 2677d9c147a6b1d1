#include "reports/formats/device_json.hpp"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "reports/text/number_text.hpp"

namespace pipesim {

namespace {

// Four digits: more than a measurement holds.
std::string row(std::span<const double> values) {
  return fmt::format("[{:.4g}]", fmt::join(values, ", "));
}

class DeviceJson {
 public:
  explicit DeviceJson(Output& out) : out_(out) {}

  void write(const Device& device) {
    print("{{\n  \"name\": {}", printable(nlohmann::json(device.name).dump()));
    print(",\n  \"source\": {}", printable(nlohmann::json(device.source).dump()));
    if (device.memory) print(",\n  \"memory\": {}", *device.memory);
    by_precision("flops", [&](std::size_t p) {
      return device.flops[p] ? fmt::format("{:.4g}", *device.flops[p]) : std::string();
    });
    if (device.memory_bandwidth) {
      print(",\n  \"memory_bandwidth\": {:.4g}", *device.memory_bandwidth);
    }
    if (device.cache_bandwidth) print(",\n  \"cache_bandwidth\": {:.4g}", *device.cache_bandwidth);
    if (device.launch_overhead > 0) {
      print(",\n  \"launch_overhead\": {:.4g}", device.launch_overhead);
    }
    if (device.interconnect) {
      print(",\n  \"interconnect\": {{ \"name\": {}, \"latency\": {:.4g} }}",
            printable(nlohmann::json(device.interconnect->name).dump()),
            device.interconnect->latency);
    }
    by_precision("kernel_rates", [&](std::size_t p) {
      return device.kernel_rates[p].empty() ? std::string() : rates(device.kernel_rates[p]);
    });
    print("\n}}\n");
  }

 private:
  Output& out_;

  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_.text()), format, std::forward<Args>(args)...);
    out_.end_of_line();
  }

  // An object of what there is for each precision.
  template <class Text>
  void by_precision(std::string_view key, Text&& text) {
    std::string entries;
    for (std::size_t p = 0; p < precision_names.size(); ++p) {
      const std::string value = text(p);
      if (value.empty()) continue;
      entries +=
          fmt::format("{}\n    \"{}\": {}", entries.empty() ? "" : ",", precision_names[p], value);
    }
    if (!entries.empty()) print(",\n  \"{}\": {{{}\n  }}", key, entries);
  }

  static std::string rates(const KernelRates& rates) {
    std::string text =
        fmt::format("{{\n      \"rows\": {},\n      \"weights\": {},\n      \"working_set\": {}",
                    row(rates.rows), row(rates.weights), row(rates.working_set));
    for (std::size_t k = 0; k < product_kernel_names.size(); ++k) {
      text += fmt::format(",\n      \"{}\": [", product_kernel_names[k]);
      const std::span<const double> all = rates.rates[k];
      std::size_t next = 0;
      for (std::size_t s = 0; s < rates.working_set.size(); ++s) {
        text += s == 0 ? "\n        [" : ",\n        [";
        for (std::size_t w = 0; w < rates.weights.size(); ++w) {
          text += w == 0 ? "" : ",\n         ";
          text += row(all.subspan(next, rates.rows.size()));
          next += rates.rows.size();
        }
        text += "]";
      }
      text += "]";
    }
    return text + "\n    }";
  }
};

}  // namespace

void write_device_json(Output& out, const Device& device) {
  DeviceJson(out).write(device);
}

}  // namespace pipesim

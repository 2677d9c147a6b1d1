#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/json_field.hpp"
#include "models/base/units.hpp"
#include "models/device/efficiency.hpp"
#include "models/device/interconnect.hpp"
#include "models/device/kernel_rates.hpp"
#include "models/settings/precision.hpp"

namespace pipesim {

/// Where a config describes something, as a JSON pointer; no part of what it is.
struct ConfigPlace {
  std::string pointer{};
  bool operator==(const ConfigPlace&) const { return true; }
};

/// One accelerator. A figure that is absent sets no limit, or can't be asked for: memory is then
/// unlimited, and a cost model that needs the rate says so.
struct Device {
  std::string name{};
  std::optional<Bytes> memory{};                 ///< Capacity.
  std::array<std::optional<double>, 4> flops{};  ///< Peak FLOP/s, indexed by Precision.
  std::optional<double> memory_bandwidth{};      ///< Bytes/s.
  double launch_overhead = 0;  ///< Seconds on top of every operator, where `efficiency` has none.
  /// How near kernels get to these figures; absent: they reach them, as in a roofline.
  std::optional<DeviceEfficiency> efficiency{};
  /// Where they were measured, by Precision: count for a linear layer's products instead of the
  /// peak and the bandwidth.
  std::array<KernelRates, 4> kernel_rates{};
  /// Bytes/s of what is not a product and finds its data in a cache; absent: memory_bandwidth.
  std::optional<double> cache_bandwidth{};
  /// What devices of this kind exchange messages over, unless the config says.
  std::optional<Interconnect> interconnect{};
  std::string source{};  ///< Where the figures are from.
  ConfigPlace place{};   ///< Empty: no config names it.

  std::optional<double> peak(Precision precision) const {
    return flops[static_cast<std::size_t>(precision)];
  }
  bool operator==(const Device&) const = default;
};

/// The devices known by name, in the order in which they are listed.
const std::vector<Device>& known_devices();

/// A name from the list, the path of a device file, or an object with `memory`, `flops` (one rate,
/// or an object of rates by precision), `memory_bandwidth`, `launch_overhead`, `efficiency`,
/// `name`; what pipesim calibrate writes beside: `kernel_rates` (an object by precision),
/// `cache_bandwidth`, `interconnect`.
Device read_device(const Field& field);

}  // namespace pipesim

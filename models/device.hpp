#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/json_field.hpp"
#include "models/precision.hpp"
#include "models/units.hpp"

namespace pipesim {

/// One accelerator. A figure that is absent sets no limit, or can't be asked for: memory is then
/// unlimited, and a cost model that needs the rate says so.
struct Device {
  std::string name{};
  std::optional<Bytes> memory{};                 ///< Capacity.
  std::array<std::optional<double>, 4> flops{};  ///< Peak FLOP/s, indexed by Precision.
  std::optional<double> memory_bandwidth{};      ///< Bytes/s.
  double launch_overhead = 0;                    ///< Seconds that every operator takes on top.
  std::string source{};                          ///< Where the figures are from.

  std::optional<double> peak(Precision precision) const {
    return flops[static_cast<std::size_t>(precision)];
  }
};

/// The devices known by name, in the order in which they are listed.
const std::vector<Device>& known_devices();

/// A name from the list, the path of a device file, or an object with `memory`, `flops` (one rate,
/// or an object of rates by precision), `memory_bandwidth`, `launch_overhead`, `name`.
Device read_device(const Field& field);

}  // namespace pipesim

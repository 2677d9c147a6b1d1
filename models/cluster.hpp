#pragma once

#include <vector>

#include "models/device.hpp"
#include "models/interconnect.hpp"
#include "models/json_field.hpp"

namespace pipesim {

/// The hardware: a chain of devices, each with its own link to the next in either direction.
struct Cluster {
  int devices = 1;              ///< Of all replicas.
  std::vector<Device> kinds{};  ///< One entry that all share, or one for each device.
  Interconnect interconnect{};

  const Device& device(int index) const {
    return kinds.size() == 1 ? kinds.front() : kinds[static_cast<std::size_t>(index)];
  }
};

/// The `cluster` section, which may be missing. `needed` is the number of devices that the rest of
/// the config asks for: stages × data_parallel. Throws InputError when `devices` says otherwise.
Cluster read_cluster(const Field& config, int stages, int data_parallel);

}  // namespace pipesim

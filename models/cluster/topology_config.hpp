#pragma once

#include <string_view>
#include <vector>

#include "models/base/json_field.hpp"
#include "models/cluster/topology.hpp"

namespace pipesim {

/// Devices and switches of a topology: all routes of that many take 64 MiB.
inline constexpr int most_vertices = 4096;

/// `cluster.topology`: `devices` (names, or how many, called gpu0, gpu1, …), `switches` (names of
/// all that is no device), `links` (`between` two names, `interconnect`, `count`, `duplex`).
/// Throws InputError: a name twice, an unknown end, fewer devices than `needed`, no way from one to
/// another. The most that a topology may have is 4096 devices and switches.
TopologyPlan read_topology(const Field& field, int needed);

/// Of a link's two directions.
inline constexpr Choice duplex_choices[] = {{"full", "each direction is a link of its own"},
                                            {"half", "both share one"}};

/// A topology that a config can name in place of an interconnect.
struct KnownTopology {
  std::string_view name;
  std::string_view description;
  int most_devices;
  TopologyPlan (*plan)(int devices);  ///< With at least as many devices.
};
const std::vector<KnownTopology>& known_topologies();

}  // namespace pipesim

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/base/units.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// One op of a deadlock's cycle: `waiting`, first in line on its device, needs `needed`, which
/// stands on another device that does not get to it.
struct Wait {
  Op waiting{};
  int device = 0;
  Op needed{};
  int needed_on = 0;
};

/// Devices that wait for each other for ever.
struct Deadlock {
  Time at{};                  ///< The latest finish reached.
  std::vector<Wait> cycle{};  ///< cycle[i].needed_on is cycle[i + 1].device; the last closes it.
};

/// Where a simulation stopped: heads[device] is the slot of the op that the device has not started.
/// Nothing when every device reached the end of its lane.
std::optional<Deadlock> find_deadlock(const Schedule& schedule, std::span<const std::size_t> heads,
                                      Time at);

/// "deadlock after 1 ns: B0.0 on device 0 waits for B1.0 on device 1, which stands behind F1.1,
/// which waits for …, which stands behind B0.0"
std::string describe(const Deadlock& deadlock);

}  // namespace pipesim

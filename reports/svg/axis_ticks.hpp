#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/base/units.hpp"

namespace pipesim {

/// Round ticks of an axis of time from 0: every 1, 2 or 5 times a power of ten picoseconds.
struct TimeTicks {
  Time step{};
  std::int64_t unit = 1;  ///< In picoseconds: the largest of which the axis holds one.
  std::string_view unit_name = "ps";

  /// As it stands at the tick: "0.5", "12".
  std::string label(Time at) const;
};

/// As close together as allowed, at most so many steps between 0 and the end.
TimeTicks time_ticks(Time end, int most_steps);

/// Round values from at or below `low` to at or above `high`, 1, 2, 2.5 or 5 times a power of ten
/// apart, in at most so many steps (at least one).
std::vector<double> round_ticks(double low, double high, int most_steps);

}  // namespace pipesim

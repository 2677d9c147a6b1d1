#pragma once

#include "sim/explain/critical_path.hpp"
#include "sim/explain/idle_time.hpp"

namespace pipesim {

/// Why a pipeline takes as long as it does.
struct Explanation {
  Interval pipeline{};  ///< From the first op that computes to the last one's end.
  CriticalPath path{};
  IdleTime idle{};
  std::vector<std::string> links{};  ///< Names of those that messages share.
};

/// Reads it off a timeline on the modeled or measured clock, of a schedule that did not deadlock.
/// O(ops) time and memory.
Explanation explain(const Schedule& schedule, const StepCosts& costs, const Timeline& timeline);

}  // namespace pipesim

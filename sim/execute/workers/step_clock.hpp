#pragma once

#include <chrono>

#include "schedules/core/schedule.hpp"
#include "sim/engine/timeline.hpp"

namespace pipesim {

/// Real time since a step began.
class StepClock {
 public:
  using Steady = std::chrono::steady_clock;

  void start() { epoch_ = Steady::now(); }
  Time now() const { return at(Steady::now()); }
  Time at(Steady::time_point when) const {
    const auto elapsed = std::chrono::duration_cast<std::chrono::nanoseconds>(when - epoch_);
    return {elapsed.count() * 1000};
  }

 private:
  Steady::time_point epoch_{};
};

/// Moves a timeline so that the first op starts at time zero.
void start_at_zero(const Schedule& schedule, Timeline& timeline);

}  // namespace pipesim

#pragma once

#include "models/base/units.hpp"
#include "schedules/core/schedule.hpp"
#include "sim/engine/timeline.hpp"

namespace pipesim::perf {

/// The floor of what simulating a schedule can take: the longest path over the same lanes, for
/// stages that cost the same and one stage a device, with nothing else: no transfers, no memory, no
/// record.
class BareSweep {
 public:
  explicit BareSweep(const Schedule& schedule);
  Time run(Time forward, Time backward);

 private:
  const Schedule& schedule_;
  Arrivals activation_;
  Arrivals gradient_;
};

}  // namespace pipesim::perf

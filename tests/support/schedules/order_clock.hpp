#pragma once

#include <vector>

#include "schedules/core/schedule.hpp"

namespace pipesim::test {

/// What an order of F, I and W takes and holds.
struct OrderCost {
  bool complete = false;  ///< Every op has run, once and after those that it needs.
  Time cost{};            ///< The longest from a device's first op's start to its last op's end.
  Time makespan{};
  std::vector<Bytes> peak{};  ///< [device]

  /// The part of `cost` that the device with the most work does not work.
  double bubble_rate(const ScheduleRequest& request) const;
};

/// Plays a schedule's lanes with the request's times, in the plainest way: whichever device can go
/// on goes on. Independent of what made the schedule, and of the engine.
OrderCost play(const Schedule& schedule, const ScheduleRequest& request);

/// No device holds more than the request allows.
bool keeps_memory(const OrderCost& order, const ScheduleRequest& request);

/// What an op of that kind takes.
Time duration(const StageLoad& load, OpKind kind);

/// What it adds to what its device holds.
Bytes added(const StageLoad& load, OpKind kind);

}  // namespace pipesim::test

#pragma once

#include <vector>

#include "schedules/search/draft.hpp"

namespace pipesim {

/// How one device chooses its next op among those that it could run.
struct DevicePolicy {
  /// Where an F and an I could both run, F is first.
  bool forward_first = true;
  /// An F gives way to an I that arrives within that part of F, in eighths.
  int patience = 0;
  /// W's that a stage puts off at most, as long as its device has an F to run.
  int lag = 0;
};

/// How all of them do.
struct DispatchPolicy {
  /// [stage]: micro-batches that it holds between F and I at most, at least 1. Empty where `order`
  /// is given.
  std::vector<int> depth{};
  std::vector<DevicePolicy> devices{};
  /// What a device should take from its first op to its last at most: where a gap would make that
  /// impossible, a W fills it though it does not fit.
  Time span = Time::limit();
  /// [device]: the order of its F and I. Where it is given, `lag` and `span` place the W's.
  std::vector<Lane> order{};
};

/// Lets every device run, whenever it is free, the op that its policy prefers among those whose
/// inputs have arrived, and a W where it would wait longer than that takes. Devices know when what
/// is under way to them will arrive. No device exceeds its memory. Without a given order all ops
/// are run, if no limit is under `least_memory`; one that can't be kept leaves a cost of
/// `Time::limit()`. O(ops · log devices).
Draft dispatch(const ScheduleRequest& request, const DispatchPolicy& policy);

/// Runs the lanes as they are. The cost is `Time::limit()` when they deadlock or exceed a memory.
Draft replay(const ScheduleRequest& request, const std::vector<Lane>& lanes);

}  // namespace pipesim

#pragma once

#include <vector>

#include "schedules/draft.hpp"

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
  std::vector<int> depth{};  ///< [stage]: micro-batches between F and I at most, at least 1.
  std::vector<DevicePolicy> devices{};
  /// What a device should take from its first op to its last at most: where a gap would make that
  /// impossible, a W fills it though it does not fit.
  Time span = Time::limit();
  /// The order of every device's F and I, where it is given: then `lag` and `span` alone count.
  std::vector<Lane> order{};
};

/// Lets every device run, whenever it is free, the op that the policy prefers among those whose
/// inputs have arrived, and W's where it would wait longer than they take. Devices know when what is
/// under way to them will arrive. No device exceeds its memory. Without a given order all ops are
/// run if no limit is under `least_memory`; with one, the cost is `Time::limit()` when it can't be
/// kept. O(ops · log devices).
Draft dispatch(const ScheduleRequest& request, const DispatchPolicy& policy);

}  // namespace pipesim

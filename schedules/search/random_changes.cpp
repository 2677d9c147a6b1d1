#include "schedules/search/random_changes.hpp"

#include <algorithm>
#include <utility>

namespace pipesim {

// The standard library's distributions are not the same everywhere.
int RandomChanges::below(int n) {
  return static_cast<int>(random_() % static_cast<std::uint32_t>(n));
}

void RandomChanges::change_device(DispatchPolicy& policy, int d, int what, int value) {
  DevicePolicy& device = policy.devices[static_cast<std::size_t>(d)];
  const int step = value % 2 == 0 ? -1 : 1;
  if (what == 0) {
    device.lag = value == 4 ? shape_.micro_batches : value;
  } else if (what == 1) {
    device.lag = std::max(0, device.lag + step);
  } else if (what == 2) {
    device.forward_first = value % 2 == 0;
  } else if (what == 3) {
    device.patience = 2 * value;
  } else {
    const int stage = stage_of(d, below(shape_.virtual_stages), shape_);
    int& depth = policy.depth[static_cast<std::size_t>(stage)];
    depth = std::max(1, depth + step);
  }
}

DispatchPolicy RandomChanges::changed(DispatchPolicy policy, Time least_cost, Time cost) {
  for (int changes = 1 + below(3); changes > 0; --changes) {
    // Where the order is given, there is nothing to choose but when a W runs.
    const int what = below(policy.order.empty() ? 6 : 3);
    const int value = below(5);
    if (what == 0) {
      const Time quarter{(cost - least_cost).ps / 4};
      policy.span = value == 0 ? Time::limit() : cost - (value - 1) * quarter;
      continue;
    }
    int first = below(shape_.stages);
    int last = coin() ? first : below(shape_.stages);
    if (first > last) std::swap(first, last);
    for (int device = first; device <= last; ++device) {
      change_device(policy, device, what - 1, value);
    }
  }
  return policy;
}

std::vector<Lane> RandomChanges::changed(std::vector<Lane> lanes) {
  for (int changes = 1 + below(3); changes > 0; --changes) {
    Lane& lane = lanes[static_cast<std::size_t>(below(shape_.stages))];
    const int slots = static_cast<int>(lane.size());
    const int from = below(slots);
    const int to = std::clamp(from + below(13) - 6, 0, slots - 1);
    const auto begin = lane.begin();
    if (from < to) {
      std::rotate(begin + from, begin + from + 1, begin + to + 1);
    } else {
      std::rotate(begin + to, begin + from, begin + from + 1);
    }
  }
  return lanes;
}

}  // namespace pipesim

#include "tests/perf/bare_sweep.hpp"

#include <algorithm>

namespace pipesim::perf {

namespace {

constexpr Time not_yet{-1};

struct Lane {
  const Op* next;
  const Op* end;
  Time clock{};
};

}  // namespace

BareSweep::BareSweep(const Schedule& schedule)
    : schedule_(schedule),
      activation_(schedule.stages(), schedule.micro_batches, not_yet),
      gradient_(schedule.stages(), schedule.micro_batches, not_yet) {}

// Up and down over the lanes, each as far as its inputs allow, until a whole round finds nothing to
// do.
Time BareSweep::run(Time forward, Time backward) {
  activation_.fill(not_yet);
  gradient_.fill(not_yet);
  const std::size_t stride = activation_.stride();
  const int last = schedule_.devices() - 1;
  std::vector<Lane> lanes;
  for (const auto& ops : schedule_.lanes) lanes.push_back({ops.data(), ops.data() + ops.size()});

  const auto advance = [&](int device) {
    Lane& lane = lanes[static_cast<std::size_t>(device)];
    const Op* const before = lane.next;
    Time* const activation = activation_.row(device);
    Time* const gradient = gradient_.row(device);
    for (; lane.next != lane.end; ++lane.next) {
      const std::ptrdiff_t m = lane.next->micro_batch;
      if (lane.next->kind == OpKind::forward) {
        if (device > 0) {
          if (activation[m] == not_yet) break;
          lane.clock = std::max(lane.clock, activation[m]);
        }
        lane.clock += forward;
        if (device < last) activation[m + static_cast<std::ptrdiff_t>(stride)] = lane.clock;
      } else {
        if (device < last) {
          if (gradient[m] == not_yet) break;
          lane.clock = std::max(lane.clock, gradient[m]);
        }
        lane.clock += backward;
        if (device > 0) gradient[m - static_cast<std::ptrdiff_t>(stride)] = lane.clock;
      }
    }
    return lane.next - before;
  };
  for (std::ptrdiff_t count = 1; count > 0;) {
    count = 0;
    for (int device = 0; device <= last; ++device) count += advance(device);
    for (int device = last; device >= 0; --device) count += advance(device);
  }
  Time latest;
  for (const Lane& lane : lanes) latest = std::max(latest, lane.clock);
  return latest;
}

}  // namespace pipesim::perf

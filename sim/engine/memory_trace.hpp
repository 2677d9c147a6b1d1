#pragma once

#include <array>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "schedules/core/schedule.hpp"
#include "sim/engine/memory_event.hpp"
#include "sim/engine/op_costs.hpp"
#include "sim/engine/timeline.hpp"

namespace pipesim {

/// What a device holds all the step.
struct StaticUse {
  MemoryTag tag{};
  Bytes bytes = 0;
};
/// Of the stages that a device holds, by stage, copy and tag.
std::vector<StaticUse> static_memory(const Schedule& schedule, const StepCosts& costs, int device);

/// What an op allocates and releases where the schedule puts its stage.
OpMemory memory_of(const Op& op, const Schedule& schedule, const StepCosts& costs);

/// Walks through one device's events in its op order, which is also their order in time: the static
/// allocations at time 0, then what its ops allocate when they start and release when they finish.
/// Those that the timeline has recorded; otherwise, as the memory model has them.
/// Keeps references to what it is made from.
class DeviceMemory {
 public:
  DeviceMemory(const Schedule& schedule, const StepCosts& costs, const Timeline& timeline,
               int device);

  bool done() const { return next_ == pending_.size(); }
  const MemoryEvent& current() const { return pending_[next_]; }
  void advance();

 private:
  const Schedule& schedule_;
  const StepCosts& costs_;
  std::span<const Interval> intervals_;
  int device_;
  std::size_t slot_ = 0;
  std::vector<MemoryEvent> pending_{};  ///< Of the op that is being walked through.
  std::size_t next_ = 0;
  std::array<Bytes, memory_tags> totals_{};
  Bytes total_ = 0;

  void add(Time at, MemoryTag tag, Bytes delta);
  void add_op(const Op& op, const Interval& when);
  void refill();
};

/// Calls visit(event) for the events of all devices, in order of time; ties by device.
/// O(devices) memory.
template <class Visit>
void for_each_memory_event(const Schedule& schedule, const StepCosts& costs,
                           const Timeline& timeline, Visit&& visit) {
  std::vector<DeviceMemory> devices;
  using Front = std::pair<Time, int>;
  std::priority_queue<Front, std::vector<Front>, std::greater<>> fronts;
  for (int device = 0; device < schedule.devices(); ++device) {
    devices.emplace_back(schedule, costs, timeline, device);
    if (!devices.back().done()) fronts.emplace(devices.back().current().at, device);
  }
  while (!fronts.empty()) {
    const auto [at, device] = fronts.top();
    fronts.pop();
    DeviceMemory& memory = devices[static_cast<std::size_t>(device)];
    for (; !memory.done() && memory.current().at == at; memory.advance()) visit(memory.current());
    if (!memory.done()) fronts.emplace(memory.current().at, device);
  }
}

}  // namespace pipesim

#include "sim/engine/memory_trace.hpp"

#include <algorithm>

namespace pipesim {

std::vector<StaticUse> static_memory(const Schedule& schedule, const StepCosts& costs, int device) {
  // Looked up in the lane, not in the placement of all stages: there may be very many devices. A
  // second copy may have nothing to do.
  std::vector<StageCopy> held;
  for (int stage = 0; schedule.bidirectional() && stage < schedule.stages(); ++stage) {
    for (const int copy : {0, 1}) {
      if (schedule.device_of(stage, copy) == device) held.push_back({stage, copy});
    }
  }
  for (const Op& op : schedule.lanes[static_cast<std::size_t>(device)]) {
    const StageCopy stage{.stage = op.stage, .copy = op.copy};
    if (std::find(held.begin(), held.end(), stage) == held.end()) held.push_back(stage);
  }
  std::sort(held.begin(), held.end());
  std::vector<StaticUse> uses;
  for (const auto& [stage, copy] : held) {
    const StageCost& cost = costs.stages[static_cast<std::size_t>(stage)];
    uses.push_back({MemoryTag::weights, cost.weights});
    uses.push_back({MemoryTag::gradients, cost.gradients});
    uses.push_back({MemoryTag::optimizer, cost.optimizer_state});
  }
  return uses;
}

OpMemory memory_of(const Op& op, const Schedule& schedule, const StepCosts& costs) {
  const bool keeps = keeps_insides(costs, op.micro_batch, schedule.micro_batches);
  return op_memory(op.kind, costs.stages[static_cast<std::size_t>(op.stage)],
                   place_in(schedule, costs, {op.stage, op.copy}, keeps));
}

DeviceMemory::DeviceMemory(const Schedule& schedule, const StepCosts& costs,
                           const Timeline& timeline, int device)
    : schedule_(schedule),
      costs_(costs),
      intervals_(timeline.lanes[static_cast<std::size_t>(device)]),
      device_(device) {
  if (!timeline.memory.empty()) {
    pending_ = timeline.memory[static_cast<std::size_t>(device)];
    slot_ = intervals_.size();
    return;
  }
  for (const StaticUse& use : static_memory(schedule, costs, device)) add({}, use.tag, use.bytes);
  if (pending_.empty()) refill();
}

void DeviceMemory::add(Time at, MemoryTag tag, Bytes delta) {
  if (delta == 0) return;
  Bytes& tag_total = totals_[static_cast<std::size_t>(tag)];
  tag_total += delta;
  total_ += delta;
  pending_.push_back({.at = at,
                      .device = device_,
                      .tag = tag,
                      .delta = delta,
                      .tag_total = tag_total,
                      .device_total = total_});
}

void DeviceMemory::add_op(const Op& op, const Interval& when) {
  const OpMemory memory = memory_of(op, schedule_, costs_);
  for (const MemoryUse& use : memory.all()) add(when.start, use.tag, use.at_start);
  for (const MemoryUse& use : memory.all()) add(when.finish, use.tag, -use.at_finish);
}

void DeviceMemory::refill() {
  pending_.clear();
  next_ = 0;
  const auto& ops = schedule_.lanes[static_cast<std::size_t>(device_)];
  while (pending_.empty() && slot_ < intervals_.size()) {
    add_op(ops[slot_], intervals_[slot_]);
    ++slot_;
  }
}

void DeviceMemory::advance() {
  if (++next_ == pending_.size()) refill();
}

}  // namespace pipesim

#include "sim/memory_trace.hpp"

#include <algorithm>

namespace pipesim {

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
  add_static();
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

void DeviceMemory::add_static() {
  // Looked up in the lane, not in the placement of all stages: there may be very many devices. A
  // second copy may have nothing to do.
  std::vector<StageCopy> held;
  for (int stage = 0; schedule_.bidirectional() && stage < schedule_.stages(); ++stage) {
    for (const int copy : {0, 1}) {
      if (schedule_.device_of(stage, copy) == device_) held.push_back({stage, copy});
    }
  }
  for (const Op& op : schedule_.lanes[static_cast<std::size_t>(device_)]) {
    const StageCopy stage{.stage = op.stage, .copy = op.copy};
    if (std::find(held.begin(), held.end(), stage) == held.end()) held.push_back(stage);
  }
  std::sort(held.begin(), held.end());
  for (const auto& [stage, copy] : held) {
    const StageCost& cost = costs_.stages[static_cast<std::size_t>(stage)];
    add({}, MemoryTag::weights, cost.weights);
    add({}, MemoryTag::gradients, cost.gradients);
    add({}, MemoryTag::optimizer, cost.optimizer_state);
  }
}

void DeviceMemory::add_op(const Op& op, const Interval& when) {
  const bool keeps = keeps_insides(costs_, op.micro_batch, schedule_.micro_batches);
  const OpMemory memory = op_memory(op.kind, costs_.stages[static_cast<std::size_t>(op.stage)],
                                    place_in(schedule_, costs_, {op.stage, op.copy}, keeps));
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

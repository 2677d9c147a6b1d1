#include "sim/explain/recorded_ops.hpp"

#include <algorithm>

#include "schedules/core/dependencies.hpp"

namespace pipesim {

namespace {

bool ends_message(OpKind kind) {
  return kind == OpKind::forward || sends_gradient(kind) || communicates(kind);
}

}  // namespace

std::size_t RecordedOps::role(OpKind kind) {
  if (kind == OpKind::forward) return 0;
  if (sends_gradient(kind)) return 1;
  return 2 + static_cast<std::size_t>(kind) - static_cast<std::size_t>(OpKind::send_forward);
}

RecordedOps::RecordedOps(const Schedule& schedule, const StepCosts& costs, const Timeline& timeline)
    : schedule_(schedule), costs_(costs), timeline_(timeline) {
  const std::size_t used = schedule.communication == Communication::overlapped ? 2 : roles;
  for (std::size_t r = 0; r < used; ++r) slots_[r].resize(cell(schedule.stages(), 0));
  for (const std::vector<Op>& ops : schedule.lanes) {
    for (std::size_t slot = 0; slot < ops.size(); ++slot) {
      if (!ends_message(ops[slot].kind)) continue;
      slots_[role(ops[slot].kind)][cell(ops[slot].stage, ops[slot].micro_batch)] =
          static_cast<std::uint32_t>(slot);
    }
  }
}

OpUnit RecordedOps::unit_of(OpPlace at) const {
  const std::vector<Op>& ops = lane(at.device);
  OpUnit unit{.device = at.device, .first = at.slot, .last = at.slot};
  if (at.slot > 0 && ops[at.slot - 1].with_next) --unit.first;
  if (ops[at.slot].with_next) ++unit.last;
  return unit;
}

Interval RecordedOps::when(const OpUnit& unit) const {
  return {.start = when(OpPlace{unit.device, unit.first}).start,
          .finish = when(OpPlace{unit.device, unit.last}).finish};
}

Time RecordedOps::free_before(const OpUnit& unit) const {
  return unit.first == 0 ? Time{} : when(OpPlace{unit.device, unit.first - 1}).finish;
}

OpPlace RecordedOps::limiting_op(const OpUnit& unit) const {
  const OpPlace first{unit.device, unit.first};
  if (unit.first == unit.last) return first;
  // A pair begins with its forward.
  const bool for_first =
      other_end(first) &&
      timeline_.activation_arrival.at(op(first).stage, op(first).micro_batch) == when(first).start;
  return for_first ? first : OpPlace{unit.device, unit.last};
}

std::optional<OpPlace> RecordedOps::other_end(OpPlace at) const {
  const Op& here = op(at);
  const std::optional<Dependency> other = pipesim::other_end(here, schedule_);
  if (!other) return std::nullopt;
  return OpPlace{schedule_.device_of(other->stage, here.copy),
                 slots_[role(other->kind)][cell(other->stage, here.micro_batch)]};
}

// Where sends stand in the lanes, it is they that send what F and the backward have made.
Sent RecordedOps::sent(OpPlace at) const {
  Op op = this->op(at);
  if (schedule_.communication != Communication::overlapped) {
    if (!is_send(op.kind)) return {};
    op.kind = op.kind == OpKind::send_forward ? OpKind::forward : OpKind::backward;
  }
  return sent_by(op, when(unit_of(at)), schedule_, costs_, timeline_);
}

const LinkWait* RecordedOps::link_wait(OpPlace at) const {
  const auto found = std::ranges::lower_bound(timeline_.link_waits, at, {}, &LinkWait::message);
  return found != timeline_.link_waits.end() && found->message == at ? &*found : nullptr;
}

OpPlace RecordedOps::first_in_queue(OpPlace at) const {
  if (costs_.links.any()) {
    while (const LinkWait* wait = link_wait(at)) at = wait->behind;
    return at;
  }
  Transfer message = sent(at).transfer;
  for (std::size_t slot = at.slot; slot > 0 && message.when.start > when(unit_of(at)).finish;) {
    const Sent before = sent({at.device, --slot});
    if (!before.any || before.transfer.to != message.to) continue;
    at.slot = slot;
    message = before.transfer;
  }
  return at;
}

}  // namespace pipesim

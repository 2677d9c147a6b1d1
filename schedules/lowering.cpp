#include "schedules/lowering.hpp"

#include <algorithm>

namespace pipesim {

namespace {

bool is_gradient_op(const Schedule& schedule, const Op& op) {
  return sends_gradient(op.kind) || (schedule.lazy_recompute && op.kind == OpKind::recompute);
}

bool apart(const Schedule& schedule, const Op& op, int other) {
  const int device = schedule.device_of(other, op.copy);
  return device >= 0 && device != schedule.device_of(op.stage, op.copy);
}

Op message(OpKind kind, const Op& op, int stage) {
  return {.kind = kind, .copy = op.copy, .stage = stage, .micro_batch = op.micro_batch};
}

// The send that follows an op; nothing where its result stays on the device.
std::optional<Op> send_of(const Schedule& schedule, const Op& op) {
  if (op.kind == OpKind::forward && apart(schedule, op, op.stage + 1)) {
    return message(OpKind::send_forward, op, op.stage);
  }
  if (sends_gradient(op.kind) && apart(schedule, op, op.stage - 1)) {
    return message(OpKind::send_backward, op, op.stage);
  }
  return std::nullopt;
}

// The receive that an op needs.
std::optional<Op> receive_for(const Schedule& schedule, const Op& op) {
  if (op.kind == OpKind::forward && apart(schedule, op, op.stage - 1)) {
    return message(OpKind::receive_forward, op, op.stage);
  }
  if (is_gradient_op(schedule, op) && apart(schedule, op, op.stage + 1)) {
    return message(OpKind::receive_backward, op, op.stage);
  }
  return std::nullopt;
}

// The other end of a send.
Op receive_of(const Op& send) {
  return send.kind == OpKind::send_forward
             ? message(OpKind::receive_forward, send, send.stage + 1)
             : message(OpKind::receive_backward, send, send.stage - 1);
}

int peer_of(const Schedule& schedule, const Op& op) {
  const bool behind = op.kind == OpKind::send_forward || op.kind == OpKind::receive_backward;
  return schedule.device_of(behind ? op.stage + 1 : op.stage - 1, op.copy);
}

Schedule with_empty_lanes(const Schedule& schedule) {
  Schedule result = schedule;
  for (std::vector<Op>& lane : result.lanes) lane.clear();
  return result;
}

// Slots of one op, or of two that overlap.
std::size_t slots_of_unit(const std::vector<Op>& lane, std::size_t slot) {
  return lane[slot].with_next ? 2 : 1;
}

class Placement {
 public:
  Placement(const Schedule& schedule, const Columns& columns)
      : schedule_(schedule),
        columns_(columns),
        result_(with_empty_lanes(schedule)),
        next_(schedule.lanes.size()),
        ready_(schedule.placement.size() * static_cast<std::size_t>(schedule.micro_batches)) {}

  std::optional<Schedule> run() {
    std::size_t left = 0;
    for (const std::vector<Op>& lane : schedule_.lanes) left += lane.empty() ? 0 : 1;
    while (left > 0) {
      bool progress = false;
      for (std::size_t device = 0; device < next_.size(); ++device) {
        if (next_[device].slot == schedule_.lanes[device].size() || !take(device)) continue;
        progress = true;
        if (next_[device].slot == schedule_.lanes[device].size()) --left;
      }
      if (!progress) return std::nullopt;
    }
    return std::move(result_);
  }

 private:
  struct Next {
    std::size_t slot = 0;
    int column = 0;
  };
  static constexpr std::uint8_t has_activation = 1;
  static constexpr std::uint8_t has_gradient = 2;

  const Schedule& schedule_;
  const Columns& columns_;
  Schedule result_;
  std::vector<Next> next_;
  std::vector<std::uint8_t>
      ready_;  // [stage, micro-batch]: the inputs that are there or announced.

  std::uint8_t& ready(int stage, int micro_batch) {
    return ready_[static_cast<std::size_t>(stage) *
                      static_cast<std::size_t>(schedule_.micro_batches) +
                  static_cast<std::size_t>(micro_batch)];
  }

  bool has_input(const Op& op) {
    if (op.kind == OpKind::forward) {
      return op.stage == 0 || (ready(op.stage, op.micro_batch) & has_activation) != 0;
    }
    if (!is_gradient_op(schedule_, op) || op.stage + 1 == schedule_.stages()) return true;
    return (ready(op.stage, op.micro_batch) & has_gradient) != 0;
  }

  void announce(const Op& op) {
    if (op.kind == OpKind::forward && op.stage + 1 < schedule_.stages()) {
      ready(op.stage + 1, op.micro_batch) |= has_activation;
    } else if (sends_gradient(op.kind) && op.stage > 0) {
      ready(op.stage - 1, op.micro_batch) |= has_gradient;
    }
    const std::optional<Op> send = send_of(schedule_, op);
    if (!send) return;
    const auto lane = static_cast<std::size_t>(schedule_.device_of(op.stage, op.copy));
    result_.lanes[lane].push_back(*send);
    result_.lanes[static_cast<std::size_t>(peer_of(schedule_, *send))].push_back(receive_of(*send));
  }

  // Returns false when the device's next op is not ready.
  bool take(std::size_t device) {
    const std::vector<Op>& lane = schedule_.lanes[device];
    Next& next = next_[device];
    const bool idle = !columns_.empty() && columns_[device][next.slot] > next.column;
    if (idle) {
      ++next.column;
      return true;
    }
    const std::size_t count = slots_of_unit(lane, next.slot);
    for (std::size_t i = 0; i < count; ++i) {
      if (!has_input(lane[next.slot + i])) return false;
    }
    for (std::size_t i = 0; i < count; ++i) result_.lanes[device].push_back(lane[next.slot + i]);
    for (std::size_t i = 0; i < count; ++i) announce(lane[next.slot + i]);
    next.slot += count;
    ++next.column;
    return true;
  }
};

}  // namespace

std::optional<Schedule> add_sends_and_receives(const Schedule& schedule, const Columns& columns) {
  return Placement(schedule, columns).run();
}

Schedule receives_before_use(const Schedule& schedule) {
  Schedule result = with_empty_lanes(schedule);
  for (std::size_t device = 0; device < schedule.lanes.size(); ++device) {
    const std::vector<Op>& lane = schedule.lanes[device];
    std::vector<Op>& longer = result.lanes[device];
    longer.reserve(3 * lane.size());
    for (std::size_t slot = 0; slot < lane.size();) {
      const std::size_t end = slot + slots_of_unit(lane, slot);
      for (std::size_t i = slot; i < end; ++i) {
        const bool had = schedule.lazy_recompute && i > 0 && sends_gradient(lane[i].kind) &&
                         lane[i - 1].kind == OpKind::recompute;  // R has received for it.
        const std::optional<Op> receive = receive_for(schedule, lane[i]);
        if (receive && !had) longer.push_back(*receive);
      }
      longer.insert(longer.end(), lane.begin() + static_cast<std::ptrdiff_t>(slot),
                    lane.begin() + static_cast<std::ptrdiff_t>(end));
      for (std::size_t i = slot; i < end; ++i) {
        if (const auto send = send_of(schedule, lane[i])) longer.push_back(*send);
      }
      slot = end;
    }
  }
  return result;
}

Schedule defer_receives(const Schedule& schedule) {
  Schedule result = with_empty_lanes(schedule);
  for (std::size_t device = 0; device < schedule.lanes.size(); ++device) {
    const std::vector<Op>& lane = schedule.lanes[device];
    std::vector<Op>& moved = result.lanes[device];
    std::vector<Op> pending;
    const auto flush = [&](auto&& wanted) {
      std::ranges::copy_if(pending, std::back_inserter(moved), wanted);
      std::erase_if(pending, wanted);
    };
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      const Op& op = lane[slot];
      if (op.kind == OpKind::receive_forward || op.kind == OpKind::receive_backward) {
        pending.push_back(op);
        continue;
      }
      if (communicates(op.kind)) {
        const int peer = peer_of(schedule, op);
        if (static_cast<int>(device) < peer) {
          flush([&](const Op& receive) { return peer_of(schedule, receive) == peer; });
        }
      }
      const auto needs = [&](const Op& receive) {
        return receive_for(schedule, op) == receive ||
               (op.with_next && receive_for(schedule, lane[slot + 1]) == receive);
      };
      flush(needs);
      moved.push_back(op);
    }
    flush([](const Op&) { return true; });
  }
  return result;
}

Schedule without_communication(Schedule schedule) {
  for (std::vector<Op>& lane : schedule.lanes) {
    std::erase_if(lane, [](const Op& op) { return communicates(op.kind); });
  }
  schedule.communication = Communication::overlapped;
  return schedule;
}

Schedule merge_backward(Schedule schedule) {
  for (std::vector<Op>& lane : schedule.lanes) {
    std::vector<Op> merged;
    for (const Op& op : lane) {
      Op before = op;
      before.kind = OpKind::backward_input;
      const bool completes =
          op.kind == OpKind::backward_weight && !merged.empty() && merged.back() == before;
      if (completes) {
        merged.back().kind = OpKind::backward;
      } else {
        merged.push_back(op);
      }
    }
    lane = std::move(merged);
  }
  return schedule;
}

}  // namespace pipesim

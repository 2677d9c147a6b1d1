#include "schedules/check/lowering.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <span>

#include "schedules/core/dependencies.hpp"

namespace pipesim {

namespace {

Schedule with_empty_lanes(const Schedule& schedule) {
  Schedule result = schedule;
  for (std::vector<Op>& lane : result.lanes) lane.clear();
  return result;
}

// How many ops run at once: two where they overlap.
std::size_t ops_at(const std::vector<Op>& lane, std::size_t slot) {
  return lane[slot].with_next ? 2 : 1;
}

// Calls `visit` with each op of a lane, and with the two of an overlapped pair at once.
template <class Visit>
void each_unit(const std::vector<Op>& lane, Visit&& visit) {
  for (std::size_t slot = 0; slot < lane.size();) {
    const std::size_t count = ops_at(lane, slot);
    visit(std::span(lane).subspan(slot, count));
    slot += count;
  }
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
  static std::uint8_t bit(const MessageId& message) { return message.is_gradient ? 2 : 1; }

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
    const auto message = message_to(op, schedule_);
    return !message || (ready(message->stage, message->micro_batch) & bit(*message)) != 0;
  }

  void announce(const Op& op) {
    if (const auto message = message_from(op, schedule_)) {
      ready(message->stage, message->micro_batch) |= bit(*message);
    }
    const std::optional<Op> send = send_of(schedule_, op);
    if (!send) return;
    const auto lane = static_cast<std::size_t>(schedule_.device_of(op.stage, op.copy));
    result_.lanes[lane].push_back(*send);
    result_.lanes[static_cast<std::size_t>(peer_of(schedule_, *send))].push_back(
        receive_of(*send, schedule_));
  }

  bool is_idle(std::size_t device) const {
    const Next& next = next_[device];
    return !columns_.empty() && columns_[device][next.slot] > next.column;
  }

  // Returns false when the device's next op is not ready.
  bool take(std::size_t device) {
    Next& next = next_[device];
    if (!is_idle(device)) {
      const std::vector<Op>& lane = schedule_.lanes[device];
      const auto unit = std::span(lane).subspan(next.slot, ops_at(lane, next.slot));
      if (!std::ranges::all_of(unit, [&](const Op& op) { return has_input(op); })) return false;
      std::vector<Op>& longer = result_.lanes[device];
      longer.insert(longer.end(), unit.begin(), unit.end());
      for (const Op& op : unit) announce(op);
      next.slot += unit.size();
    }
    ++next.column;
    return true;
  }
};

// Lays out one lane of receives_before_use.
class LaneWithMessages {
 public:
  explicit LaneWithMessages(const Schedule& schedule) : schedule_(schedule) {}

  std::vector<Op> lay_out(const std::vector<Op>& lane) {
    std::vector<Op> longer;
    longer.reserve(3 * lane.size());
    each_unit(lane, [&](std::span<const Op> unit) {
      for (const Op& op : unit) {
        const std::optional<Op> receive = receive_for(schedule_, op);
        if (receive && is_first(op, *receive)) longer.push_back(*receive);
      }
      longer.insert(longer.end(), unit.begin(), unit.end());
      for (const Op& op : unit) {
        if (const auto send = send_of(schedule_, op)) longer.push_back(*send);
      }
    });
    return longer;
  }

 private:
  const Schedule& schedule_;
  std::set<Op> for_recompute_{};  // What an R has received that its backward needs too.

  bool is_first(const Op& op, const Op& receive) {
    if (recomputes(op.kind)) return for_recompute_.insert(receive).second;
    return for_recompute_.erase(receive) == 0;
  }
};

}  // namespace

std::optional<Schedule> add_sends_and_receives(const Schedule& schedule, const Columns& columns) {
  return Placement(schedule, columns).run();
}

Schedule receives_before_use(const Schedule& schedule) {
  Schedule result = with_empty_lanes(schedule);
  for (std::size_t device = 0; device < schedule.lanes.size(); ++device) {
    result.lanes[device] = LaneWithMessages(schedule).lay_out(schedule.lanes[device]);
  }
  return result;
}

Schedule defer_receives(const Schedule& schedule) {
  Schedule result = with_empty_lanes(schedule);
  for (std::size_t device = 0; device < schedule.lanes.size(); ++device) {
    std::vector<Op>& moved = result.lanes[device];
    std::vector<Op> pending;
    const auto place = [&](auto&& wanted) {
      std::ranges::copy_if(pending, std::back_inserter(moved), wanted);
      std::erase_if(pending, wanted);
    };
    each_unit(schedule.lanes[device], [&](std::span<const Op> unit) {
      const Op& op = unit.front();
      if (is_receive(op.kind)) {
        pending.push_back(op);
        return;
      }
      if (communicates(op.kind) && static_cast<int>(device) < peer_of(schedule, op)) {
        place([&](const Op& r) { return peer_of(schedule, r) == peer_of(schedule, op); });
      }
      place([&](const Op& r) {
        return std::ranges::any_of(unit,
                                   [&](const Op& o) { return receive_for(schedule, o) == r; });
      });
      moved.insert(moved.end(), unit.begin(), unit.end());
    });
    place([](const Op&) { return true; });
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

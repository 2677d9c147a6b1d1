#pragma once

#include <algorithm>
#include <compare>
#include <span>
#include <vector>

#include "schedules/core/schedule.hpp"
#include "sim/engine/large_vector.hpp"
#include "sim/engine/memory_event.hpp"
#include "sim/engine/op_costs.hpp"

namespace pipesim {

/// Where the times of a timeline come from.
enum class Clock {
  modeled,   ///< The cost model.
  measured,  ///< Each op was run alone; its time was put on the virtual device's clock.
  wall,      ///< A thread for each virtual device, real time.
};
std::string_view name_of(Clock clock);

/// When an op ran.
struct Interval {
  Time start{};
  Time finish{};
};

/// Where an op stands in a schedule.
struct OpPlace {
  int device = 0;
  std::size_t slot = 0;

  auto operator<=>(const OpPlace&) const = default;
};

/// A message that found a link taken which it shares with others. Messages are known by the op that
/// sends them.
struct LinkWait {
  OpPlace message{};
  OpPlace behind{};  ///< The message that left the link last before it.
  int link = -1;     ///< In SharedLinks; -1: one that the two devices have to themselves.
  Time waited{};
};

/// An op that follows the pipeline at the end of the step.
struct TailSpan {
  int device = 0;
  Op op{};
  Interval when{};
};

/// The intervals of all ops, in one block: lane after lane, in the order of the schedule.
class LaneIntervals {
 public:
  LaneIntervals() = default;
  /// Room for as many as the schedule has ops, each yet to be written.
  explicit LaneIntervals(const Schedule& schedule);

  std::size_t size() const { return ends_.size(); }
  /// Those of one device: [slot] is when the op in that slot of its lane ran.
  std::span<const Interval> operator[](std::size_t device) const {
    return {all_.data() + begin(device), all_.data() + ends_[device]};
  }
  Interval* first_of(std::size_t device) { return all_.data() + begin(device); }
  /// Only the first `count` of a device were written.
  void cut(std::size_t device, std::size_t count) { ends_[device] = begin(device) + count; }

 private:
  LargeVector<Interval> all_{};
  std::vector<std::size_t> begins_{};
  std::vector<std::size_t> ends_{};

  std::size_t begin(std::size_t device) const { return begins_[device]; }
};

/// When each message arrived: a row for each stage that receives it. Rows are a cache line longer
/// than the number of micro-batches asks for, so that walking many rows at once, as a simulation
/// does, does not land in the same few sets of a cache. There is a line of room before the first
/// row, so that `row(0) - 1`, of an op without a micro-batch, is a place too.
class Arrivals {
 public:
  static constexpr Time not_yet{-1};

  Arrivals() = default;
  Arrivals(int stages, int micro_batches, Time value)
      : stride_(row_stride(micro_batches)),
        times_(line + static_cast<std::size_t>(stages) * stride_, value) {}

  std::size_t stride() const { return stride_; }
  Time* row(int stage) { return times_.data() + line + static_cast<std::size_t>(stage) * stride_; }
  Time at(int stage, int micro_batch) const {
    return times_[line + static_cast<std::size_t>(stage) * stride_ +
                  static_cast<std::size_t>(micro_batch)];
  }
  void fill(Time value) { std::fill(times_.begin(), times_.end(), value); }

 private:
  static constexpr std::size_t line = 8;
  std::size_t stride_ = 0;
  LargeVector<Time> times_{};

  static std::size_t row_stride(int micro_batches) {
    return (static_cast<std::size_t>(micro_batches) / line + 2) * line;
  }
};

/// When every op of a schedule ran. Intervals stand where the schedule's ops stand.
struct Timeline {
  Clock clock = Clock::modeled;
  LaneIntervals lanes{};               ///< lanes[device][slot]
  Arrivals activation_arrival{};       ///< Of what a stage receives from the one before.
  Arrivals gradient_arrival{};         ///< Of what it receives from the one after.
  std::vector<TailSpan> tail{};        ///< By device, then in order.
  std::vector<LinkWait> link_waits{};  ///< By message; only where links are shared.
  /// memory[device]: what it allocated and released, where that was recorded. Empty: what the
  /// memory model says that its ops do.
  std::vector<std::vector<MemoryEvent>> memory{};
};

/// A message between two devices. It takes the link from `start`, and has arrived at `finish`.
struct Transfer {
  int from = 0;
  int to = 0;
  bool is_gradient = false;
  int stage = 0;  ///< That sends it.
  int micro_batch = 0;
  Interval when{};
};

/// The messages that an op sends to another device: none or one. `when`: when the op ran.
struct Sent {
  bool any = false;
  Transfer transfer{};
};
Sent sent_by(const Op& op, const Interval& when, const Schedule& schedule, const StepCosts& costs,
             const Timeline& timeline);

/// Calls visit(device, op, interval) for every op, device by device in its order, the tail
/// included.
template <class Visit>
void for_each_span(const Schedule& schedule, const Timeline& timeline, Visit&& visit) {
  auto tail = timeline.tail.begin();
  for (int device = 0; device < schedule.devices(); ++device) {
    const auto& ops = schedule.lanes[static_cast<std::size_t>(device)];
    const std::span<const Interval> intervals = timeline.lanes[static_cast<std::size_t>(device)];
    for (std::size_t slot = 0; slot < intervals.size(); ++slot) {
      visit(device, ops[slot], intervals[slot]);
    }
    for (; tail != timeline.tail.end() && tail->device == device; ++tail) {
      visit(device, tail->op, tail->when);
    }
  }
}

/// Calls visit(transfer) for every message between devices, by sender in its order.
template <class Visit>
void for_each_transfer(const Schedule& schedule, const StepCosts& costs, const Timeline& timeline,
                       Visit&& visit) {
  for_each_span(schedule, timeline, [&](int, const Op& op, const Interval& when) {
    if (const Sent sent = sent_by(op, when, schedule, costs, timeline); sent.any) {
      visit(sent.transfer);
    }
  });
}

}  // namespace pipesim

#pragma once

#include <vector>

#include "schedules/schedule.hpp"
#include "sim/op_costs.hpp"

namespace pipesim {

/// Where the times of a timeline come from.
enum class Clock { modeled };
std::string_view name_of(Clock clock);

/// When an op ran.
struct Interval {
  Time start{};
  Time finish{};
};

/// An op that follows the pipeline at the end of the step.
struct TailSpan {
  int device = 0;
  Op op{};
  Interval when{};
};

/// When every op of a schedule ran. Intervals stand where the schedule's ops stand.
struct Timeline {
  Clock clock = Clock::modeled;
  std::vector<std::vector<Interval>> lanes{};  ///< lanes[device][slot]
  /// When stage s had the activation, and the gradient, of micro-batch m: [s × micro_batches + m].
  /// Unused for the first stage, and for the last.
  std::vector<Time> activation_arrival{};
  std::vector<Time> gradient_arrival{};
  std::vector<TailSpan> tail{};  ///< By device, then in order.
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

/// The messages that an op sends to another device: none or one.
struct Sent {
  bool any = false;
  Transfer transfer{};
};
Sent sent_by(const Op& op, const Schedule& schedule, const StepCosts& costs,
             const Timeline& timeline);

/// Calls visit(device, op, interval) for every op, device by device in its order, the tail
/// included.
template <class Visit>
void for_each_span(const Schedule& schedule, const Timeline& timeline, Visit&& visit) {
  auto tail = timeline.tail.begin();
  for (int device = 0; device < schedule.devices(); ++device) {
    const auto& ops = schedule.lanes[static_cast<std::size_t>(device)];
    const auto& intervals = timeline.lanes[static_cast<std::size_t>(device)];
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
  for_each_span(schedule, timeline, [&](int, const Op& op, const Interval&) {
    if (const Sent sent = sent_by(op, schedule, costs, timeline); sent.any) visit(sent.transfer);
  });
}

}  // namespace pipesim

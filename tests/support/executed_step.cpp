#include "support/executed_step.hpp"

#include <map>
#include <vector>

#include "sim/execute/execute.hpp"
#include "sim/execute/workers/messages.hpp"

namespace pipesim::test {

namespace {

// An op in its lane, with the op that it makes an overlapped pair with.
struct Placed {
  int device = 0;
  Interval when{};
  Time start{};      ///< Of the pair, if it is in one.
  Time finish{};     ///< Of the pair.
  Time free_from{};  ///< When its device was done with what stands before.
};

using Key = std::pair<OpKind, std::pair<int, int>>;
Key key(OpKind kind, int stage, int micro_batch) {
  return {kind, {stage, micro_batch}};
}

std::map<Key, Placed> placed_ops(const Schedule& schedule, const Timeline& timeline) {
  std::map<Key, Placed> ops;
  for (std::size_t d = 0; d < schedule.lanes.size(); ++d) {
    const std::vector<Op>& lane = schedule.lanes[d];
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      const Op& op = lane[slot];
      if (op.micro_batch < 0) continue;
      const std::size_t first = slot > 0 && lane[slot - 1].with_next ? slot - 1 : slot;
      const std::size_t last = op.with_next ? slot + 1 : slot;
      ops[key(op.kind, op.stage, op.micro_batch)] = {
          .device = static_cast<int>(d),
          .when = timeline.lanes[d][slot],
          .start = timeline.lanes[d][first].start,
          .finish = timeline.lanes[d][last].finish,
          .free_from = first > 0 ? timeline.lanes[d][first - 1].finish : Time{}};
    }
  }
  return ops;
}

// Who makes, or sends, what an op consumes or receives.
const Placed* sender_of(const std::map<Key, Placed>& ops, const MessageId& message, bool by_lane) {
  const int stage = message.is_gradient ? message.stage + 1 : message.stage - 1;
  const auto look_for = [&](OpKind kind) {
    const auto found = ops.find(key(kind, stage, message.micro_batch));
    return found == ops.end() ? nullptr : &found->second;
  };
  if (by_lane) {
    return look_for(message.is_gradient ? OpKind::send_backward : OpKind::send_forward);
  }
  if (!message.is_gradient) return look_for(OpKind::forward);
  const Placed* const whole = look_for(OpKind::backward);
  return whole != nullptr ? whole : look_for(OpKind::backward_input);
}

std::string complaint_about_lanes(const Schedule& schedule, const Timeline& timeline) {
  std::vector<Time> now(schedule.lanes.size());
  std::string complaint;
  for_each_span(schedule, timeline, [&](int device, const Op& op, const Interval& span) {
    Time& clock = now[static_cast<std::size_t>(device)];
    const bool in_order = clock <= span.start && span.start <= span.finish;
    if (!in_order && complaint.empty()) complaint = describe(op) + " overlaps what is before it";
    const bool waits = communicates(op.kind) && span.start != span.finish;
    if (waits && complaint.empty()) complaint = describe(op) + " has waiting inside its span";
    clock = span.finish;
  });
  return complaint;
}

}  // namespace

std::string complaint_about_times(const Schedule& schedule, const Timeline& timeline) {
  const std::map<Key, Placed> ops = placed_ops(schedule, timeline);
  for (const std::vector<Op>& lane : schedule.lanes) {
    for (const Op& op : lane) {
      const auto message = message_to(op, schedule);
      if (!message) continue;
      const Placed& receiver = ops.at(key(op.kind, op.stage, op.micro_batch));
      const Arrivals& arrivals =
          message->is_gradient ? timeline.gradient_arrival : timeline.activation_arrival;
      const Time arrival = arrivals.at(message->stage, message->micro_batch);
      if (receiver.start < arrival) return describe(op) + " starts before its message arrives";
      const Placed* const sender = sender_of(ops, *message, communicates(op.kind));
      if (sender == nullptr) return describe(op) + " has no sender";
      if (arrival < sender->finish) return describe(op) + "'s message arrives before it is sent";
      const bool meets =
          communicates(op.kind) && schedule.communication == Communication::rendezvous;
      if (meets && sender->when.start < receiver.free_from) {
        return "what " + describe(op) + " receives is sent before the two meet";
      }
    }
  }
  return complaint_about_lanes(schedule, timeline);
}

std::string complaint_about(const Experiment& experiment, Clock clock) {
  const Execution execution = execute(experiment, {.clock = clock, .steps = 1});
  if (execution.prediction.outcome.deadlock)
    return describe(*execution.prediction.outcome.deadlock);
  if (!execution.memory_difference.empty()) return execution.memory_difference;
  if (!execution.gradients.same_bits) return "other bits than without a pipeline";
  // In fp32 a deep random network can cancel more than the tolerance for real ones allows, in
  // another order of additions; the bits in the same order are right all the same.
  const bool fp32 = experiment.config.training.precision == Precision::fp32;
  if (!fp32 && !execution.gradients.passed()) {
    return "the gradient differs in " + execution.gradients.tensor;
  }
  for (std::size_t d = 0; d < execution.run.outcome.devices.size(); ++d) {
    const DeviceUse& executed = execution.run.outcome.devices[d];
    const DeviceUse& simulated = execution.prediction.outcome.devices[d];
    if (executed.peak != simulated.peak) return "another peak";
    if (executed.static_bytes != simulated.static_bytes) return "other static bytes";
    if (executed.peak_in_flight != simulated.peak_in_flight) return "another number in flight";
  }
  return complaint_about_times(experiment.schedule, execution.run.outcome.timeline);
}

}  // namespace pipesim::test

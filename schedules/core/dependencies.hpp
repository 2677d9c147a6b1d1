#pragma once

#include <optional>

#include "schedules/core/schedule.hpp"

namespace pipesim {

// The one home of the rule which op waits for what. Within a device the order of its lane decides;
// between stages it is messages that ops wait for, and hand on.

/// A message between neighbouring stages, by who takes it: the activation of the stage before, or
/// the gradient of the stage behind. A micro-batch goes through the copies of one number, so the
/// copy need not be said.
struct MessageId {
  bool is_gradient = false;
  int stage = 0;  ///< The stage that takes it.
  int micro_batch = 0;

  /// The stage that makes it; which ops carry it where sends and receives stand in the lanes.
  int maker() const { return is_gradient ? stage + 1 : stage - 1; }
  OpKind send() const { return is_gradient ? OpKind::send_backward : OpKind::send_forward; }
  OpKind receive() const {
    return is_gradient ? OpKind::receive_backward : OpKind::receive_forward;
  }
  bool operator==(const MessageId&) const = default;
};

/// Whether the op waits for the gradient of its stage's output: a backward, and a lazy R.
inline bool needs_gradient(const Schedule& schedule, const Op& op) {
  return sends_gradient(op.kind) || (schedule.lazy_recompute && recomputes(op.kind));
}

/// The message that an op waits for. A lazy R waits for the one that its backward takes; a receive
/// brings the one for the op behind it. Nothing for the first and the last stage, for W, and for
/// what stands for a whole stage.
inline std::optional<MessageId> message_to(const Op& op, const Schedule& schedule) {
  const bool activation = op.kind == OpKind::forward || op.kind == OpKind::receive_forward;
  if (activation && op.stage > 0) {
    return MessageId{.stage = op.stage, .micro_batch = op.micro_batch};
  }
  const bool gradient = needs_gradient(schedule, op) || op.kind == OpKind::receive_backward;
  if (gradient && op.stage + 1 < schedule.stages()) {
    return MessageId{.is_gradient = true, .stage = op.stage, .micro_batch = op.micro_batch};
  }
  return std::nullopt;
}

/// The message that an op makes, or sends.
inline std::optional<MessageId> message_from(const Op& op, const Schedule& schedule) {
  const bool activation = op.kind == OpKind::forward || op.kind == OpKind::send_forward;
  if (activation && op.stage + 1 < schedule.stages()) {
    return MessageId{.stage = op.stage + 1, .micro_batch = op.micro_batch};
  }
  const bool gradient = sends_gradient(op.kind) || op.kind == OpKind::send_backward;
  if (gradient && op.stage > 0) {
    return MessageId{.is_gradient = true, .stage = op.stage - 1, .micro_batch = op.micro_batch};
  }
  return std::nullopt;
}

/// An op that another one waits for. `backward` stands for I, too.
struct Dependency {
  OpKind kind{};
  int stage = 0;

  bool is_met_by(const Op& op) const {
    return op.stage == stage &&
           (op.kind == kind || (kind == OpKind::backward && sends_gradient(op.kind)));
  }
};

/// The other end of an op's message, of the same micro-batch and copy: for F and a backward the op
/// that makes their input, for a receive its send, for a send its receive. Nothing where it has
/// none.
inline std::optional<Dependency> other_end(const Op& op, const Schedule& schedule) {
  if (is_send(op.kind)) {
    const auto message = message_from(op, schedule);
    if (!message) return std::nullopt;
    return Dependency{.kind = message->receive(), .stage = message->stage};
  }
  const auto message = message_to(op, schedule);
  if (!message) return std::nullopt;
  if (is_receive(op.kind)) {
    return Dependency{.kind = message->send(), .stage = message->maker()};
  }
  return Dependency{.kind = message->is_gradient ? OpKind::backward : OpKind::forward,
                    .stage = message->maker()};
}

/// The send that follows an op; nothing where its result stays on the device.
std::optional<Op> send_of(const Schedule& schedule, const Op& op);

/// The receive that an op needs; nothing where its input is on the device.
std::optional<Op> receive_for(const Schedule& schedule, const Op& op);

/// The receive at the other end of a send.
Op receive_of(const Op& send, const Schedule& schedule);

/// The device at the other end of a send or receive; -1 where there is no such stage.
int peer_of(const Schedule& schedule, const Op& op);

}  // namespace pipesim

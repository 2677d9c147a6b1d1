#include "schedules/core/message.hpp"

namespace pipesim {

namespace {

bool apart(const Schedule& schedule, const Op& op, int other) {
  return is_elsewhere(schedule, other, {op.stage, op.copy});
}

Op message(OpKind kind, const Op& op, int stage) {
  return {.kind = kind, .copy = op.copy, .stage = stage, .micro_batch = op.micro_batch};
}

}  // namespace

std::optional<Op> send_of(const Schedule& schedule, const Op& op) {
  if (op.kind == OpKind::forward && apart(schedule, op, op.stage + 1)) {
    return message(OpKind::send_forward, op, op.stage);
  }
  if (sends_gradient(op.kind) && apart(schedule, op, op.stage - 1)) {
    return message(OpKind::send_backward, op, op.stage);
  }
  return std::nullopt;
}

std::optional<Op> receive_for(const Schedule& schedule, const Op& op) {
  if (op.kind == OpKind::forward && apart(schedule, op, op.stage - 1)) {
    return message(OpKind::receive_forward, op, op.stage);
  }
  if (needs_gradient(schedule, op) && apart(schedule, op, op.stage + 1)) {
    return message(OpKind::receive_backward, op, op.stage);
  }
  return std::nullopt;
}

Op receive_of(const Op& send) {
  return send.kind == OpKind::send_forward
             ? message(OpKind::receive_forward, send, send.stage + 1)
             : message(OpKind::receive_backward, send, send.stage - 1);
}

int peer_of(const Schedule& schedule, const Op& op) {
  const bool behind = op.kind == OpKind::send_forward || op.kind == OpKind::receive_backward;
  return schedule.device_of(behind ? op.stage + 1 : op.stage - 1, op.copy);
}

bool needs_gradient(const Schedule& schedule, const Op& op) {
  return sends_gradient(op.kind) || (schedule.lazy_recompute && recomputes(op.kind));
}

}  // namespace pipesim

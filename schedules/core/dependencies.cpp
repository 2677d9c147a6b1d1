#include "schedules/core/dependencies.hpp"

namespace pipesim {

namespace {

OpKind send_kind(const MessageId& message) {
  return message.is_gradient ? OpKind::send_backward : OpKind::send_forward;
}

OpKind receive_kind(const MessageId& message) {
  return message.is_gradient ? OpKind::receive_backward : OpKind::receive_forward;
}

Op in_lane(OpKind kind, const Op& op, int stage) {
  return {.kind = kind, .copy = op.copy, .stage = stage, .micro_batch = op.micro_batch};
}

}  // namespace

std::optional<Dependency> other_end(const Op& op, const Schedule& schedule) {
  if (is_send(op.kind)) {
    const auto message = message_from(op, schedule);
    if (!message) return std::nullopt;
    return Dependency{.kind = receive_kind(*message), .stage = message->stage};
  }
  const auto message = message_to(op, schedule);
  if (!message) return std::nullopt;
  if (is_receive(op.kind)) {
    return Dependency{.kind = send_kind(*message), .stage = message->maker()};
  }
  return Dependency{.kind = message->is_gradient ? OpKind::backward : OpKind::forward,
                    .stage = message->maker()};
}

std::optional<Op> send_of(const Schedule& schedule, const Op& op) {
  const auto message = computes(op.kind) ? message_from(op, schedule) : std::nullopt;
  if (!message || !is_elsewhere(schedule, message->stage, {op.stage, op.copy})) return std::nullopt;
  return in_lane(send_kind(*message), op, op.stage);
}

std::optional<Op> receive_for(const Schedule& schedule, const Op& op) {
  const auto message = computes(op.kind) ? message_to(op, schedule) : std::nullopt;
  if (!message || !is_elsewhere(schedule, message->maker(), {op.stage, op.copy})) {
    return std::nullopt;
  }
  return in_lane(receive_kind(*message), op, op.stage);
}

Op receive_of(const Op& send, const Schedule& schedule) {
  const Dependency receive = *other_end(send, schedule);
  return in_lane(receive.kind, send, receive.stage);
}

int peer_of(const Schedule& schedule, const Op& op) {
  const auto end = other_end(op, schedule);
  return end ? schedule.device_of(end->stage, op.copy) : -1;
}

}  // namespace pipesim

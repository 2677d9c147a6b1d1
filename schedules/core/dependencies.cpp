#include "schedules/core/dependencies.hpp"

namespace pipesim {

namespace {

Op in_lane(OpKind kind, const Op& op, int stage) {
  return {.kind = kind, .copy = op.copy, .stage = stage, .micro_batch = op.micro_batch};
}

}  // namespace

std::optional<Op> send_of(const Schedule& schedule, const Op& op) {
  const auto message = computes(op.kind) ? message_from(op, schedule) : std::nullopt;
  if (!message || !is_elsewhere(schedule, message->stage, {op.stage, op.copy})) return std::nullopt;
  return in_lane(message->send(), op, op.stage);
}

std::optional<Op> receive_for(const Schedule& schedule, const Op& op) {
  const auto message = computes(op.kind) ? message_to(op, schedule) : std::nullopt;
  if (!message || !is_elsewhere(schedule, message->maker(), {op.stage, op.copy})) {
    return std::nullopt;
  }
  return in_lane(message->receive(), op, op.stage);
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

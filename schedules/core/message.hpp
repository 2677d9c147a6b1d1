#pragma once

#include <optional>

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// The send that follows an op; nothing where its result stays on the device.
std::optional<Op> send_of(const Schedule& schedule, const Op& op);

/// The receive that an op needs; nothing where its input is on the device.
std::optional<Op> receive_for(const Schedule& schedule, const Op& op);

/// The other end of a send.
Op receive_of(const Op& send);

/// The device at the other end of a send or receive.
int peer_of(const Schedule& schedule, const Op& op);

/// It waits for the gradient of its stage's output: a backward, and an R that is lazy.
bool needs_gradient(const Schedule& schedule, const Op& op);

constexpr bool is_receive(OpKind kind) {
  return kind == OpKind::receive_forward || kind == OpKind::receive_backward;
}

}  // namespace pipesim

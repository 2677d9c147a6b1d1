#pragma once

#include <optional>
#include <vector>

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// Where ops of a file stand, [device][slot]: columns that are left out are idle. As in
/// ScheduleCells.
using Columns = std::vector<std::vector<int>>;

/// Places sends and receives as PyTorch does (_add_send_recv). Round after round each device, in
/// ascending order, takes its next op when its input is there or announced; a send stands behind
/// the op that makes the message, and its receive is appended to the receiver's lane at once. All
/// devices see the messages in one order, so that they never deadlock, not even at a rendezvous;
/// but a receive may stand well before the op that needs it. An idle cell passes a round. Nothing
/// when the order of the ops itself deadlocks. The lanes must hold no messages yet.
std::optional<Schedule> add_sends_and_receives(const Schedule& schedule,
                                               const Columns& columns = {});

/// Places every receive directly before the op that needs it and every send directly behind the op
/// that makes the message. A receive then never holds its device longer than the op would have
/// waited; at a rendezvous two devices may wait for each other. The lanes must hold no messages
/// yet.
Schedule receives_before_use(const Schedule& schedule);

/// Moves every receive to just before the op that needs it, but not behind a send to the device
/// that it comes from, where that has the higher number (PyTorch's _defer_recv_ops). For blocking
/// communication: at a rendezvous two devices may wait for each other. O(ops · receives that stand
/// too early at once).
Schedule defer_receives(const Schedule& schedule);

/// The same without sends and receives.
Schedule without_communication(Schedule schedule);

/// An I with its W directly behind it becomes a B.
Schedule merge_backward(Schedule schedule);

}  // namespace pipesim

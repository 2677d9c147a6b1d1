#pragma once

#include <optional>
#include <vector>

#include "schedules/core/dependencies.hpp"
#include "sim/execute/workers/mailbox.hpp"

namespace pipesim {

/// All messages of a training step. A mailbox for each is its outbox, its way and its inbox: what
/// goes to another device by a send in the lanes lies there from the op that made it on, is posted
/// by the send, and lets the receive pass; the op that consumes it takes it out. Everything else is
/// posted by the op that made it.
class Messages {
 public:
  /// Keeps a reference to the schedule.
  explicit Messages(const Schedule& schedule);

  /// The op's device has come to it; that is what a rendezvous' send waits for.
  void announce(const Op& op);

  /// What must be ready before the op starts; null: nothing.
  Mailbox* awaited_by(const Op& op);

  /// What a computing op consumes; empty where that is nothing.
  Block take(const Op& op);

  /// Passes on what an op has made; a send posts what lies ready, and throws std::logic_error where
  /// nothing does.
  void hand_on(const Op& op, Block made);

  /// Where a stage's copy receives the other copy's weight gradient at the step's end.
  Mailbox& weight_gradient_for(const StageCopy& receiver);

  void clear();  ///< Ready for the next step. No thread may use them meanwhile.
  void stop();   ///< Whoever waits, or ever will, is sent away.

 private:
  const Schedule& schedule_;
  std::vector<Mailbox> messages_;   ///< First all activations, then all gradients.
  std::vector<Mailbox> receivers_;  ///< Of a rendezvous: whether each message's receiver is there.
  std::vector<Mailbox> weight_gradients_;  ///< [copy · stages + stage]

  std::size_t index(const MessageId& message) const;
  bool is_sent_by_lane(const Op& maker, const MessageId& message) const;
};

}  // namespace pipesim

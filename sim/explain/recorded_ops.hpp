#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/engine/timeline.hpp"

namespace pipesim {

/// What starts as one: an op, or an overlapped pair.
struct OpUnit {
  int device = 0;
  std::size_t first = 0;  ///< A slot.
  std::size_t last = 0;   ///< The same one, or the next.
};

/// A schedule with its costs and with when its ops ran, looked at from the op that waits: what did
/// it need? Keeps references to all of them. Its tables take 4 bytes for each op that a message
/// comes from or goes to.
class RecordedOps {
 public:
  RecordedOps(const Schedule& schedule, const StepCosts& costs, const Timeline& timeline);

  const Schedule& schedule() const { return schedule_; }
  const std::vector<Op>& lane(int device) const {
    return schedule_.lanes[static_cast<std::size_t>(device)];
  }
  const Op& op(OpPlace at) const { return lane(at.device)[at.slot]; }
  /// A deadlock leaves ops that never did.
  bool ran(OpPlace at) const {
    return at.slot < timeline_.lanes[static_cast<std::size_t>(at.device)].size();
  }
  Interval when(OpPlace at) const {
    return timeline_.lanes[static_cast<std::size_t>(at.device)][at.slot];
  }

  OpUnit unit_of(OpPlace at) const;
  Interval when(const OpUnit& unit) const;
  /// When the device was done with what stands before; 0 at its beginning.
  Time free_before(const OpUnit& unit) const;
  /// That of a unit's ops whose input let it start.
  OpPlace limiting_op(const OpUnit& unit) const;
  /// The other end of what an op waits for: the op that makes its input, a receive's send, a send's
  /// receive. Nothing where it needs none.
  std::optional<OpPlace> other_end(OpPlace at) const;
  /// The message that leaves for another device when an op is done, with the time of its link.
  Sent sent(OpPlace at) const;
  /// How the message of the op at that place waited for a shared link; null: it did not.
  const LinkWait* link_wait(OpPlace at) const;
  /// A message that leaves behind others waits until its link is free. Of those that are under way
  /// one behind the other up to that of `at`, the op whose message found the link free.
  OpPlace first_in_queue(OpPlace at) const;

 private:
  // What ends a message, by what it is: a forward, a backward, or one of the four sends and
  // receives.
  static constexpr std::size_t roles = 6;
  static std::size_t role(OpKind kind);

  const Schedule& schedule_;
  const StepCosts& costs_;
  const Timeline& timeline_;
  std::array<std::vector<std::uint32_t>, roles> slots_{};  // [role][stage, micro-batch]

  std::size_t cell(int stage, int micro_batch) const {
    return static_cast<std::size_t>(stage) * static_cast<std::size_t>(schedule_.micro_batches) +
           static_cast<std::size_t>(micro_batch);
  }
};

}  // namespace pipesim

#pragma once

#include <array>
#include <vector>

#include "sim/explain/recorded_ops.hpp"

namespace pipesim {

/// An op on the critical path. Each step begins where the one before it ended, or, where it was
/// held up by a message, `transfer` later.
struct PathStep {
  int device = 0;
  Op op{};
  /// Of the op, what lies within the pipeline's time. Sends and receives are moments: what they
  /// take is the message's time.
  Interval when{};
  /// From the step before to `when.start`: what the message took that the op had to wait for, with
  /// those before it that kept it waiting for its link, from whatever device. Nothing where the op
  /// was held up by its device.
  Time transfer{};
  int sent_from = -1;  ///< The message's devices; -1: it was its device.
  int sent_to = -1;
  int link = -1;  ///< The shared link that the message waited for; -1: it did not.
  Time waited{};  ///< For that, of `transfer`.
};

/// What the pipeline's time is made of: the chain of ops and messages, from the first op's start
/// to the last one's end, in which each could not begin before the one before it was done. Were one
/// of them longer, the step would be longer by as much.
struct CriticalPath {
  std::vector<PathStep> steps{};         ///< In order of time.
  std::array<Time, op_kinds> by_kind{};  ///< Of the ops. All kinds and `transfers` together are
  Time transfers{};                      ///< the pipeline's time.
  std::vector<Time> by_device{};         ///< Of the ops.
};

/// UNSHARD and REDUCE_GRAD: what is on the path and neither computes nor is a message.
Time sharding_time(const CriticalPath& path);

/// Walks back from the op at `last`, which is the last one to finish, to `begin`. Where device and
/// message let an op start at the same time, the path stays on the device. At most
/// O(ops) time.
CriticalPath find_critical_path(const RecordedOps& ops, OpPlace last, Time begin);

}  // namespace pipesim

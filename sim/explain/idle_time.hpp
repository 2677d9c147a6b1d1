#pragma once

#include <optional>
#include <vector>

#include "sim/engine/deadlock.hpp"
#include "sim/explain/recorded_ops.hpp"

namespace pipesim {

/// Why a device did not compute.
enum class IdleCause {
  filling,     ///< Before its first op that computes.
  activation,  ///< For the output of the stage before.
  gradient,    ///< For what the stage behind sends back.
  sending,     ///< In a send, until the message had left.
  sharding,    ///< It gathered weights or reduced gradients.
  draining,    ///< After its last op that computes, while others went on.
};
std::string_view name_of(IdleCause cause);

/// All that a device waited for one reason.
struct Idle {
  IdleCause cause{};
  int other = -1;  ///< The device at the message's other end; -1: there is none.
  Time total{};
  std::int64_t count = 0;  ///< Of waits that took time.
};

/// Of all causes.
Time total(const std::vector<Idle>& causes);

/// A single wait of an op for what another does, and how long it lasted.
struct TimedWait {
  Wait wait{};
  Interval when{};
};

struct IdleTime {
  /// Of each device, by cause and then by the other one. They add up to what it idles within the
  /// pipeline's time.
  std::vector<std::vector<Idle>> devices{};
  /// The first of the longest between a device's first op and its last.
  std::optional<TimedWait> longest{};
};

/// Splits what the devices idle within `pipeline` by its causes. O(ops) time.
IdleTime split_idle_time(const RecordedOps& ops, const Interval& pipeline);

}  // namespace pipesim

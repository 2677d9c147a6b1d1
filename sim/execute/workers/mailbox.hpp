#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

#include "sim/execute/workers/block.hpp"

namespace pipesim {

/// Thrown out of a wait when another device has failed: not an error of its own.
struct Stopped {};

/// The place for one message from one device to another. One thread puts it there, another takes
/// it, once a step. A wait spins for a while, since handing over between spinning threads takes a
/// fraction of a microsecond and waking a parked one tens of them, and then parks.
class Mailbox {
 public:
  using Steady = std::chrono::steady_clock;

  void put(Block message) {
    lay(std::move(message));
    post();
  }
  /// put() in two steps: the message lies there, seen by its sender alone, until it is posted.
  void lay(Block message) { message_ = std::move(message); }
  bool holds() const { return static_cast<bool>(message_); }
  void post();

  bool ready() const { return state_.load(std::memory_order_acquire) == full; }
  /// Waits for the message. Throws Stopped after stop().
  void wait(std::chrono::nanoseconds spin);
  /// The message, which must be ready.
  Block take();

  Steady::time_point put_at() const { return put_at_; }  ///< When it was posted, once ready.

  void stop();   ///< Whoever waits, or ever will, is sent away.
  void clear();  ///< Empty again. No thread may use the mailbox meanwhile.

 private:
  static constexpr std::uint32_t empty = 0;
  static constexpr std::uint32_t full = 1;
  static constexpr std::uint32_t stopped = 2;

  std::atomic<std::uint32_t> state_ = empty;
  Block message_{};
  Steady::time_point put_at_{};
};

}  // namespace pipesim

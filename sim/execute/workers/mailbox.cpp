#include "sim/execute/workers/mailbox.hpp"

namespace pipesim {

namespace {

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void Mailbox::post() {
  put_at_ = Steady::now();
  std::uint32_t expected = empty;
  state_.compare_exchange_strong(expected, full, std::memory_order_release,
                                 std::memory_order_relaxed);  // Stopped stays stopped.
  state_.notify_one();
}

void Mailbox::wait(std::chrono::nanoseconds spin) {
  if (ready()) return;
  const Steady::time_point give_up = Steady::now() + spin;
  while (state_.load(std::memory_order_relaxed) == empty) {
    relax();
    if (Steady::now() >= give_up) state_.wait(empty, std::memory_order_relaxed);
  }
  if (state_.load(std::memory_order_acquire) == stopped) throw Stopped{};
}

Block Mailbox::take() {
  return std::move(message_);
}

void Mailbox::stop() {
  state_.store(stopped, std::memory_order_release);
  state_.notify_one();
}

void Mailbox::clear() {
  message_ = {};
  state_.store(empty, std::memory_order_relaxed);
}

}  // namespace pipesim

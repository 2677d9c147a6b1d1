#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace pipesim::cli {

/// A line on the standard error that says how far long work has come: only on a terminal, and only
/// once the work has lasted a second. It is rewritten in place, and gone in the end.
class Progress {
 public:
  /// `wanted`: false for --quiet.
  explicit Progress(bool wanted);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { erase(); }

  /// Whether it is time to show something; cheap enough to ask every few microseconds.
  bool is_due() const { return wanted_ && Clock::now() >= next_; }

  /// `done` of `total` pieces of work are done; `what` describes them, as "epoch 2 of 3".
  void show(double done, double total, std::string_view what);

  /// Before anything else is written to the terminal.
  void erase();

 private:
  using Clock = std::chrono::steady_clock;

  bool wanted_ = false;
  bool is_shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::seconds(1);
};

/// "epoch 2 of 3: 37 %, 12 s left"
std::string progress_text(double done, double total, double elapsed_s, std::string_view what);

}  // namespace pipesim::cli

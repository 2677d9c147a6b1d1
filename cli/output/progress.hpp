#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "sim/step/progress.hpp"

namespace pipesim::cli {

/// What a line about progress says.
struct ProgressState {
  std::string what{};    ///< "simulating"
  std::string unit{};    ///< Of the rate: "ops", "B"; empty: none is shown.
  double done = 0;       ///< Pieces, out of `total`; of an estimate it may be more.
  double total = 0;      ///< 0: not known.
  double elapsed_s = 0;  ///< Since the first piece was begun.
};

/// "simulating  [#######      ]  54 %  31.2 M ops/s  3 s left", at most `columns` wide: the bar
/// takes the room that there is, and goes first. Without a total: "writing a  12 MB  40 MB/s";
/// without pieces, how long it has been going on: "building the schedule  3 s".
std::string progress_line(const ProgressState& state, int columns);

/// A line on the standard error that says how far long work has come: only on a terminal that can
/// rewrite it, in whose foreground we are, and only once the work has lasted a second. A thread of
/// its own draws it ten times a second, so that it goes on where the work can't say anything, and
/// the work need not know the time. There is one Progress at a time.
class Progress {
 public:
  /// `wanted`: false for --quiet.
  explicit Progress(bool wanted);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// The next piece of work, and whom to tell how far it has come. Empty where nothing is shown.
  /// What is given must not outlive this.
  ReportProgress begin(std::string what, std::string unit = "");

  /// The piece has another name now, "row 3 of 5".
  void rename(std::string what);

  /// Nothing is shown until the next begin(): before results are written to the terminal.
  void end();

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point first_shown_ = Clock::now() + std::chrono::seconds(1);
  std::atomic<double> done_{0};
  std::atomic<double> total_{0};
  // What follows is under the lock of the line on the terminal.
  std::string what_{};  // Empty: nothing to show.
  std::string unit_{};
  Clock::time_point start_{};
  bool has_ended_ = false;
  std::condition_variable wake_up_{};
  std::thread thread_{};

  void draw_until_end();
  void draw();
};

/// Takes the line off the terminal, if there is one, and keeps it off while the lock is held: for
/// whoever writes there.
std::unique_lock<std::mutex> hold_progress();

/// Takes the line off for good. Safe in a signal handler.
void end_progress_in_signal() noexcept;

}  // namespace pipesim::cli

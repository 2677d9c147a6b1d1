#include "cli/output/progress.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <iterator>
#include <new>
#include <system_error>
#include <utility>

#include "cli/output/standard_output.hpp"
#include "reports/text/display_width.hpp"
#include "reports/text/number_text.hpp"
#include "reports/text/output_file.hpp"

namespace pipesim::cli {

namespace {

constexpr std::chrono::milliseconds between_updates{100};
constexpr std::string_view erase_line = "\r\033[K";

// The line on the terminal, of which there is one. A signal handler can't take the lock.
std::mutex line_mutex;
std::atomic<bool> is_shown{false};
std::atomic<bool> is_being_drawn{false};
std::atomic<bool> is_over{false};

void erase_progress() {
  if (is_shown.exchange(false)) write_all(STDERR_FILENO, erase_line);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::min(std::ceil(seconds), 1e12));
  if (whole < 100) return fmt::format("{} s", whole);
  const std::int64_t minutes = whole / 60;
  if (minutes < 100) return fmt::format("{} min", minutes);
  return fmt::format("{} h", minutes / 60);
}

// A job in the background leaves the terminal to others, as git does.
bool in_foreground() {
  const pid_t group = tcgetpgrp(STDERR_FILENO);
  return group < 0 || group == getpgrp();
}

bool can_rewrite_lines() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 &&
         (terminal == nullptr || std::string_view(terminal) != "dumb");
}

// "31.2 M ops", "12.0 steps", "180 MB"
std::string amount_text(double amount, std::string_view unit) {
  constexpr std::string_view prefixes[] = {"", "k", "M", "G", "T", "P"};
  std::size_t thousands = 0;
  for (; amount >= 999.5 && thousands + 1 < std::size(prefixes); ++thousands) amount /= 1000;
  const int decimals = amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0;
  const bool apart = thousands > 0 && unit != "B";
  return fmt::format("{:.{}f} {}{}{}", amount, decimals, prefixes[thousands], apart ? " " : "",
                     unit);
}

std::string bar_text(double fraction, int columns) {
  const auto inside = static_cast<std::size_t>(columns - 2);
  const auto full = static_cast<std::size_t>(fraction * static_cast<double>(inside));
  return fmt::format("  [{:#<{}}{:<{}}]", "", full, "", inside - full);
}

}  // namespace

Progress::Progress(bool wanted) {
  if (!wanted || !can_rewrite_lines()) return;
  // Signals are for the thread that works: the handler must not find this one in the middle.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { draw_until_end(); });
  } catch (const std::system_error&) {  // Without a thread to draw it there is no line.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(line_mutex);
    has_ended_ = true;
  }
  wake_up_.notify_one();
  thread_.join();
  erase_progress();
}

ReportProgress Progress::begin(std::string what, std::string unit) {
  if (!thread_.joinable()) return {};
  const std::lock_guard lock(line_mutex);
  what_ = std::move(what);
  unit_ = std::move(unit);
  start_ = Clock::now();
  done_ = 0;
  total_ = 0;
  return [this](double done, double total) {
    done_.store(done, std::memory_order_relaxed);
    total_.store(total, std::memory_order_relaxed);
  };
}

void Progress::rename(std::string what) {
  if (!thread_.joinable()) return;
  const std::lock_guard lock(line_mutex);
  what_ = std::move(what);
}

void Progress::end() {
  const auto lock = hold_progress();
  what_.clear();
}

void Progress::draw_until_end() {
  std::unique_lock lock(line_mutex);
  const auto has_ended = [this] { return has_ended_; };
  if (wake_up_.wait_until(lock, first_shown_, has_ended)) return;
  try {
    do {
      if (!what_.empty() && in_foreground()) draw();
    } while (!wake_up_.wait_for(lock, between_updates, has_ended));
  } catch (const std::bad_alloc&) {  // The work goes on without a line.
  }
}

void Progress::draw() {
  const std::chrono::duration<double> elapsed = Clock::now() - start_;
  const ProgressState state{.what = what_,
                            .unit = unit_,
                            .done = done_.load(std::memory_order_relaxed),
                            .total = total_.load(std::memory_order_relaxed),
                            .elapsed_s = elapsed.count()};
  // A line that wraps could not be rewritten.
  const std::string line = progress_line(state, terminal_width(STDERR_FILENO) - 1);
  is_being_drawn = true;
  if (!is_over) {
    is_shown = true;
    write_all(STDERR_FILENO, std::string(erase_line) + line);
  }
  is_being_drawn = false;
}

std::unique_lock<std::mutex> hold_progress() {
  std::unique_lock lock(line_mutex);
  erase_progress();
  return lock;
}

void end_progress_in_signal() noexcept {
  is_over = true;
  // By a thread of its own, which takes no signals; not awaited for ever, since a terminal may
  // stop.
  for (int waits = 0; is_being_drawn && waits < 100; ++waits) poll(nullptr, 0, 1);
  erase_progress();
}

std::string progress_line(const ProgressState& state, int columns) {
  std::string figures;
  const bool has_rate = !state.unit.empty() && state.done > 0 && state.elapsed_s > 0;
  const double fraction = state.total > 0 ? std::min(1.0, state.done / state.total) : 0;
  if (state.total > 0) {
    figures += fmt::format("  {:2.0f} %", std::floor(100 * fraction));
  } else if (has_rate) {
    figures += "  " + amount_text(state.done, state.unit);
  } else {
    figures += "  " + duration_text(std::round(state.elapsed_s));
  }
  if (has_rate) figures += "  " + amount_text(state.done / state.elapsed_s, state.unit) + "/s";
  if (fraction > 0) {
    figures += "  " + duration_text(state.elapsed_s / fraction * (1 - fraction)) + " left";
  }
  const std::string what = printable(state.what);
  const int room = columns - static_cast<int>(display_width(what) + display_width(figures)) - 2;
  constexpr int least_bar = 6;
  constexpr int widest_bar = 32;
  const bool has_bar = state.total > 0 && room >= least_bar;
  const std::string bar = has_bar ? bar_text(fraction, std::min(room, widest_bar)) : "";
  return cut_to_width(what + bar + figures, static_cast<std::size_t>(std::max(0, columns)));
}

}  // namespace pipesim::cli

#include "cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>

#include "cli/standard_output.hpp"
#include "reports/output_file.hpp"

namespace pipesim::cli {

namespace {

constexpr std::chrono::milliseconds between_updates{100};

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(seconds));
  if (whole < 100) return fmt::format("{} s", whole);
  const std::int64_t minutes = whole / 60;
  if (minutes < 100) return fmt::format("{} min", minutes);
  return fmt::format("{} h", minutes / 60);
}

}  // namespace

Progress::Progress(bool wanted) : wanted_(wanted && isatty(STDERR_FILENO) != 0) {}

void Progress::show(double done, double total, std::string_view what) {
  if (!is_due() || done <= 0) return;
  const Clock::time_point now = Clock::now();
  next_ = now + between_updates;
  const std::chrono::duration<double> elapsed = now - start_;
  std::string text = progress_text(done, total, elapsed.count(), what);
  const std::size_t room = static_cast<std::size_t>(terminal_width(STDERR_FILENO)) - 1;
  if (text.size() > room) text.resize(room);  // A line that wraps could not be rewritten.
  is_shown_ = true;
  write_all(STDERR_FILENO, "\r\033[K" + text);
}

void Progress::erase() {
  if (is_shown_) write_all(STDERR_FILENO, "\r\033[K");
  is_shown_ = false;
}

std::string progress_text(double done, double total, double elapsed_s, std::string_view what) {
  const double left = elapsed_s / done * (total - done);
  return fmt::format("{}: {:.0f} %, {} left", what, std::floor(100 * done / total),
                     duration_text(left));
}

}  // namespace pipesim::cli

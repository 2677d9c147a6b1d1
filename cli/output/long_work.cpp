#include "cli/output/long_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/output/standard_error.hpp"

namespace pipesim::cli {

namespace {

// "4 min", "3 h", "5 days": of an estimate.
std::string rough_duration(double seconds) {
  const double minutes = seconds / 60;
  if (minutes < 90) return fmt::format("{:.0f} min", std::max(1.0, std::round(minutes)));
  const double hours = minutes / 60;
  if (hours < 48) return fmt::format("{:.0f} h", hours);
  return fmt::format("{:.0f} days", std::min(hours / 24, 1e9));
}

}  // namespace

std::string long_work_notice(std::string_view what, double seconds) {
  constexpr double worth_saying = 60;
  if (!(seconds > worth_saying)) return "";
  return fmt::format("pipesim: {} takes about {} on this machine; Ctrl-C ends it\n", what,
                     rough_duration(seconds));
}

void announce_long_work(std::string_view what, double seconds) {
  const std::string notice = long_work_notice(what, seconds);
  if (!notice.empty()) tell(notice);
}

}  // namespace pipesim::cli

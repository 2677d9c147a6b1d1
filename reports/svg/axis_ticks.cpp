#include "reports/svg/axis_ticks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace pipesim {

namespace {

struct Unit {
  std::int64_t size;
  std::string_view name;
};
constexpr std::array<Unit, 5> units{
    {{1'000'000'000'000, "s"}, {1'000'000'000, "ms"}, {1'000'000, "µs"}, {1000, "ns"}, {1, "ps"}}};

}  // namespace

std::string TimeTicks::label(Time at) const {
  std::string text = std::to_string(at.ps / unit);
  std::int64_t rest = at.ps % unit;
  if (rest == 0) return text;
  text += '.';
  for (std::int64_t place = unit / 10; rest > 0; place /= 10) {
    text += static_cast<char>('0' + rest / place);
    rest %= place;
  }
  return text;
}

TimeTicks time_ticks(Time end, int most_steps) {
  TimeTicks ticks;
  const auto unit = std::ranges::find_if(units, [&](const Unit& u) { return end.ps >= u.size; });
  if (unit != units.end()) {
    ticks.unit = unit->size;
    ticks.unit_name = unit->name;
  }
  // The end is at most 2^62, so some step up to 5e18 is large enough.
  for (std::int64_t power = 1;; power *= 10) {
    for (const std::int64_t digit : {1, 2, 5}) {
      ticks.step = {digit * power};
      if (end.ps / ticks.step.ps <= most_steps) return ticks;
    }
  }
}

std::vector<double> round_ticks(double low, double high, int most_steps) {
  if (high <= low) high = low + 1;
  double power = std::pow(10, std::floor(std::log10((high - low) / most_steps)));
  for (;; power *= 10) {
    for (const double digit : {1.0, 2.0, 2.5, 5.0}) {
      const double step = digit * power;
      // What rounding leaves below or above a tick is not worth another one.
      constexpr double slack = 1e-9;
      const auto first = static_cast<std::int64_t>(std::floor(low / step + slack));
      const auto last = static_cast<std::int64_t>(std::ceil(high / step - slack));
      if (last - first > most_steps) continue;
      std::vector<double> ticks;
      for (std::int64_t i = first; i <= last; ++i) {
        ticks.push_back(static_cast<double>(i) * step);
      }
      return ticks;
    }
  }
}

}  // namespace pipesim

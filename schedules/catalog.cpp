#include "schedules/catalog.hpp"

#include "schedules/gpipe.hpp"
#include "schedules/one_f_one_b.hpp"

namespace pipesim {

const std::vector<KnownSchedule>& known_schedules() {
  static const std::vector<KnownSchedule> schedules = {
      {"gpipe", "all forwards, then all backwards in reverse: simple, holds every micro-batch",
       gpipe, flush_bubble},
      {"1f1b",
       "one forward, one backward: the bubble of gpipe, at most stages - k in flight on stage k",
       one_f_one_b, flush_bubble},
  };
  return schedules;
}

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const KnownSchedule& schedule : known_schedules()) names.emplace_back(schedule.name);
  return names;
}

const KnownSchedule* find_schedule(std::string_view name) {
  for (const KnownSchedule& schedule : known_schedules()) {
    if (schedule.name == name) return &schedule;
  }
  return nullptr;
}

}  // namespace pipesim

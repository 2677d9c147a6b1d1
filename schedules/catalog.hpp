#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schedules/bubble_formula.hpp"
#include "schedules/schedule.hpp"

namespace pipesim {

/// A schedule that a config can name.
struct KnownSchedule {
  std::string_view name;
  std::string_view about;  ///< One line: what it trades.
  Schedule (*generate)(const PipelineShape&);
  /// The bubble's closed form, where there is one for these stages.
  std::optional<Ratio> (*bubble)(const EqualStages&);
};

/// All of them, in the order in which they are listed.
const std::vector<KnownSchedule>& known_schedules();

std::vector<std::string> schedule_names();

/// The one of that name, or null.
const KnownSchedule* find_schedule(std::string_view name);

}  // namespace pipesim

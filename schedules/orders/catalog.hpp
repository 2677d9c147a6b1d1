#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schedules/core/bubble_formula.hpp"
#include "schedules/core/refusal.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// A schedule whose order follows from times and memory too, not from the shape alone.
struct AutomaticSchedule {
  /// Orders that a search finds for a request, the best one first.
  std::vector<Schedule> (*orders)(const ScheduleRequest&) = nullptr;
  std::vector<int> (*placement)(const PipelineShape&) = nullptr;
};

/// A schedule that a config can name.
struct KnownSchedule {
  std::string_view name{};
  std::string_view description{};                        ///< One line: what it trades.
  std::vector<std::string_view> aliases{};               ///< What others call it: find_schedule().
  Schedule (*generate)(const PipelineShape&) = nullptr;  ///< Null for an automatic one.
  std::optional<AutomaticSchedule> automatic{};
  /// The bubble's closed form, where there is one for these stages. Null: there is none at all.
  std::optional<Ratio> (*bubble)(const EqualStages&) = nullptr;
  /// What it asks of the shape beside the number of virtual stages. Null: nothing.
  std::optional<Refusal> (*refuse)(const PipelineShape&) = nullptr;
  int virtual_stages = 1;           ///< Where the config does not say.
  bool any_virtual_stages = false;  ///< Others will do as well.
  bool splits_backward = false;     ///< It needs the times of I and W.
  bool bidirectional = false;       ///< Every stage is on two devices.
  bool equal_times = false;         ///< Its order assumes that F, I and W take equally long.
};

/// All of them, in the order in which they are listed.
const std::vector<KnownSchedule>& known_schedules();

std::vector<std::string> schedule_names();

/// The one of that name or alias, however it is spelled: `1F1B`, `LoopedBFS`, and `ScheduleGPipe`
/// as torch.distributed.pipelining names its classes. Null where there is none.
const KnownSchedule* find_schedule(std::string_view name);

/// The hint for a name that find_schedule() does not know: the nearest, then all of them.
std::string schedule_hint(std::string_view name);

/// Why a schedule cannot be made in this shape; nothing when it can.
std::optional<Refusal> refusal_of(const KnownSchedule& schedule, const PipelineShape& shape);

}  // namespace pipesim

#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
#include <vector>

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// F, I or W in one of its device's stages. The n-th of a kind and stage is micro-batch n's.
struct Step {
  OpKind kind = OpKind::forward;
  std::uint8_t chunk = 0;  ///< The stage on the way there (0), or the one on the way back (1).

  auto operator<=>(const Step&) const = default;
};
using Lane = std::vector<Step>;

/// A schedule while a good one is being sought. Stages lie in a V (`v_placement`), one or two on a
/// device, and micro-batches pass each in order.
struct Draft {
  std::vector<Lane> lanes{};  ///< lanes[device][slot]
  /// The longest that a device takes from its first op's start to its last op's end; the limit when
  /// the lanes can't be run.
  Time cost = Time::limit();
  Time makespan = Time::limit();  ///< From the first op's start to the last one's end.
  Bytes peak = bytes_limit;       ///< The sum of what every device holds at most.
};

/// Less cost, then less makespan, then less memory.
bool better(const Draft& a, const Draft& b);

/// The device that holds a stage of the V.
constexpr int device_of(int stage, const PipelineShape& shape) {
  return stage < shape.stages ? stage : 2 * shape.stages - 1 - stage;
}

/// The stage that a device holds as its chunk 0 or 1.
constexpr int stage_of(int device, int chunk, const PipelineShape& shape) {
  return chunk == 0 ? device : 2 * shape.stages - 1 - device;
}

/// Of one of a device's stages.
const StageLoad& load_of(const ScheduleRequest& request, int device, int chunk);

/// Drafts as schedules, under that name.
std::vector<Schedule> schedules_of(const std::vector<Draft>& drafts, std::string_view name,
                                   const PipelineShape& shape);

}  // namespace pipesim

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schedules/schedule.hpp"

namespace pipesim {

/// F, I or W of one of a device's stages, in a lane in which the n-th of its kind and stage is
/// micro-batch n's.
struct Step {
  OpKind kind = OpKind::forward;
  std::uint8_t chunk = 0;  ///< Which of the device's stages: 0 on the way there, 1 on the way back.

  auto operator<=>(const Step&) const = default;
};
using Lane = std::vector<Step>;

/// A schedule while a good one is being sought: stages lie in a V (`v_placement`), one or two on a
/// device; micro-batches pass every stage in order.
struct Draft {
  std::vector<Lane> lanes{};  ///< lanes[device][slot]
  /// The longest that a device takes from its first op's start to its last op's end.
  Time cost = Time::limit();
  Time makespan = Time::limit();  ///< From the first op's start to the last one's end.
  Bytes peak = bytes_limit;       ///< What the devices hold at most, all together.
};

/// The device that holds a stage, in a V over the shape's devices.
constexpr int device_of(int stage, const PipelineShape& shape) {
  return stage < shape.stages ? stage : 2 * shape.stages - 1 - stage;
}

/// The stage that a device holds on the way there (chunk 0) or back (chunk 1).
constexpr int stage_of(int device, int chunk, const PipelineShape& shape) {
  return chunk == 0 ? device : 2 * shape.stages - 1 - device;
}

/// Less cost, then less makespan, then less memory.
bool better(const Draft& a, const Draft& b);

/// The device's total F, I and W of one micro-batch.
Time work_of(const ScheduleRequest& request, int device);

/// The smallest limit of a device's memory under which its schedule can be completed: one
/// micro-batch in each of its stages, and room for what an I leaves where that is more than what
/// it releases. Automatic schedules ask for no less.
Bytes least_memory(const ScheduleRequest& request, int device);

Schedule schedule_of(const Draft& draft, std::string name, const PipelineShape& shape);

}  // namespace pipesim

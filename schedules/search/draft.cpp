#include "schedules/search/draft.hpp"

#include <array>
#include <string>
#include <tuple>

namespace pipesim {

bool better(const Draft& a, const Draft& b) {
  return std::tuple(a.cost, a.makespan, a.peak) < std::tuple(b.cost, b.makespan, b.peak);
}

const StageLoad& load_of(const ScheduleRequest& request, int device, int chunk) {
  return request.loads[static_cast<std::size_t>(stage_of(device, chunk, request.shape))];
}

namespace {

Schedule schedule_of(const Draft& draft, std::string_view name, const PipelineShape& shape) {
  Schedule schedule{.name = std::string(name),
                    .micro_batches = shape.micro_batches,
                    .placement = v_placement(shape)};
  for (int device = 0; device < shape.stages; ++device) {
    const Lane& steps = draft.lanes[static_cast<std::size_t>(device)];
    std::vector<Op>& lane = schedule.lanes.emplace_back();
    lane.reserve(steps.size());
    std::array<std::array<int, 2>, op_kinds> done{};
    for (const Step& step : steps) {
      lane.push_back({.kind = step.kind,
                      .stage = stage_of(device, step.chunk, shape),
                      .micro_batch = done[static_cast<std::size_t>(step.kind)][step.chunk]++});
    }
  }
  return schedule;
}

}  // namespace

std::vector<Schedule> schedules_of(const std::vector<Draft>& drafts, std::string_view name,
                                   const PipelineShape& shape) {
  std::vector<Schedule> schedules;
  for (const Draft& draft : drafts) schedules.push_back(schedule_of(draft, name, shape));
  return schedules;
}

}  // namespace pipesim

#include "schedules/core/schedule.hpp"

#include <algorithm>
#include <numeric>

namespace pipesim {

std::vector<std::vector<StageCopy>> stages_by_device(const Schedule& schedule) {
  std::vector<std::vector<StageCopy>> stages(schedule.lanes.size());
  for (int stage = 0; stage < schedule.stages(); ++stage) {
    for (const int copy : {0, 1}) {
      const int device = schedule.device_of(stage, copy);
      if (device >= 0) stages[static_cast<std::size_t>(device)].push_back({stage, copy});
    }
  }
  return stages;
}

bool is_elsewhere(const Schedule& schedule, int other, const StageCopy& stage) {
  const int there = schedule.device_of(other, stage.copy);
  return there >= 0 && there != schedule.device_of(stage.stage, stage.copy);
}

bool receives_in_lane(const Schedule& schedule, const StageCopy& stage, int from) {
  return schedule.communication != Communication::overlapped && is_elsewhere(schedule, from, stage);
}

bool several_stages_on_a_device(const Schedule& schedule) {
  return schedule.bidirectional() || schedule.stages() > schedule.devices();
}

bool contains(const Schedule& schedule, bool (*which)(OpKind)) {
  return std::ranges::any_of(schedule.lanes, [&](const std::vector<Op>& lane) {
    return std::ranges::any_of(lane, [&](const Op& op) { return which(op.kind); });
  });
}

std::vector<int> one_stage_per_device(int stages) {
  std::vector<int> placement(static_cast<std::size_t>(stages));
  std::iota(placement.begin(), placement.end(), 0);
  return placement;
}

std::vector<int> looped_placement(const PipelineShape& shape) {
  std::vector<int> placement;
  for (int stage = 0; stage < shape.all_stages(); ++stage) {
    placement.push_back(stage % shape.stages);
  }
  return placement;
}

std::vector<int> v_placement(const PipelineShape& shape) {
  std::vector<int> placement = looped_placement(shape);
  for (int round = 1; round < shape.virtual_stages; round += 2) {
    const auto first = placement.begin() + std::ptrdiff_t{round} * shape.stages;
    std::reverse(first, first + shape.stages);
  }
  return placement;
}

}  // namespace pipesim

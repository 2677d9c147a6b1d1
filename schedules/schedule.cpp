#include "schedules/schedule.hpp"

#include <numeric>

namespace pipesim {

std::vector<std::vector<int>> stages_by_device(const Schedule& schedule) {
  std::vector<std::vector<int>> stages(schedule.lanes.size());
  for (int stage = 0; stage < schedule.stages(); ++stage) {
    const int device = schedule.placement[static_cast<std::size_t>(stage)];
    stages[static_cast<std::size_t>(device)].push_back(stage);
  }
  return stages;
}

std::vector<int> one_stage_per_device(int stages) {
  std::vector<int> placement(static_cast<std::size_t>(stages));
  std::iota(placement.begin(), placement.end(), 0);
  return placement;
}

}  // namespace pipesim

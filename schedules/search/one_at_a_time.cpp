#include "schedules/search/one_at_a_time.hpp"

#include <algorithm>

namespace pipesim {

Schedule one_at_a_time(const std::vector<int>& placement, int micro_batches) {
  Schedule schedule{
      .name = "one_at_a_time", .micro_batches = micro_batches, .placement = placement};
  const int stages = schedule.stages();
  schedule.lanes.resize(static_cast<std::size_t>(*std::ranges::max_element(placement)) + 1);
  const auto run = [&](OpKind kind, int stage, int micro_batch) {
    const int device = schedule.device_of(stage, 0);
    schedule.lanes[static_cast<std::size_t>(device)].push_back(
        {.kind = kind, .stage = stage, .micro_batch = micro_batch});
  };
  for (int m = 0; m < micro_batches; ++m) {
    for (int stage = 0; stage < stages; ++stage) run(OpKind::forward, stage, m);
    for (int stage = stages; stage-- > 0;) run(OpKind::backward, stage, m);
  }
  return schedule;
}

}  // namespace pipesim

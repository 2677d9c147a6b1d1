#include "schedules/core/deferred_weight_gradient.hpp"

namespace pipesim {

Schedule with_deferred_weight_gradient(Schedule schedule) {
  for (std::vector<Op>& lane : schedule.lanes) {
    std::erase_if(lane, [](const Op& op) { return op.kind == OpKind::backward_weight; });
    for (Op& op : lane) {
      if (op.kind == OpKind::backward) op.kind = OpKind::backward_input;
    }
  }
  for (int stage = 0; stage < schedule.stages(); ++stage) {
    const int device = schedule.placement[static_cast<std::size_t>(stage)];
    schedule.lanes[static_cast<std::size_t>(device)].push_back(
        {.kind = OpKind::backward_weight, .stage = stage, .micro_batch = -1});
  }
  return schedule;
}

}  // namespace pipesim

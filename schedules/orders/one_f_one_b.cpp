#include "schedules/orders/one_f_one_b.hpp"

#include <algorithm>

namespace pipesim {

// Stage s first runs ahead by the number of stages below it, then alternates.
// It therefore holds at most (stages - s) activations, whatever the batch size.
Schedule one_f_one_b(const PipelineShape& shape) {
  Schedule schedule{.name = "1f1b",
                    .micro_batches = shape.micro_batches,
                    .placement = one_stage_per_device(shape.stages)};
  for (int stage = 0; stage < shape.stages; ++stage) {
    const int warmup = std::min(shape.stages - 1 - stage, shape.micro_batches);
    std::vector<Op>& lane = schedule.lanes.emplace_back();
    lane.reserve(2 * static_cast<std::size_t>(shape.micro_batches));

    for (int m = 0; m < shape.micro_batches + warmup; ++m) {
      if (m < shape.micro_batches) {
        lane.push_back({.kind = OpKind::forward, .stage = stage, .micro_batch = m});
      }
      if (m >= warmup) {
        lane.push_back({.kind = OpKind::backward, .stage = stage, .micro_batch = m - warmup});
      }
    }
  }
  return schedule;
}

}  // namespace pipesim

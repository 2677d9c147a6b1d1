#include "schedules/orders/gpipe.hpp"

namespace pipesim {

// The backward begins with the micro-batch whose activations are the newest: on the last stage the
// first backward can follow its forward at once. Every stage holds all micro-batches at the turn.
Schedule gpipe(const PipelineShape& shape) {
  Schedule schedule{.name = "gpipe",
                    .micro_batches = shape.micro_batches,
                    .placement = one_stage_per_device(shape.stages)};
  for (int stage = 0; stage < shape.stages; ++stage) {
    std::vector<Op>& lane = schedule.lanes.emplace_back();
    lane.reserve(2 * static_cast<std::size_t>(shape.micro_batches));

    for (int m = 0; m < shape.micro_batches; ++m) {
      lane.push_back({.kind = OpKind::forward, .stage = stage, .micro_batch = m});
    }
    for (int m = shape.micro_batches - 1; m >= 0; --m) {
      lane.push_back({.kind = OpKind::backward, .stage = stage, .micro_batch = m});
    }
  }
  return schedule;
}

}  // namespace pipesim

#include "schedules/orders/looped_bfs.hpp"

#include <algorithm>

namespace pipesim {

Schedule looped_bfs(const PipelineShape& shape) {
  Schedule schedule{.name = "looped_bfs",
                    .micro_batches = shape.micro_batches,
                    .placement = looped_placement(shape)};
  for (int device = 0; device < shape.stages; ++device) {
    std::vector<Op>& lane = schedule.lanes.emplace_back();
    lane.reserve(2 * static_cast<std::size_t>(shape.micro_batches) *
                 static_cast<std::size_t>(shape.virtual_stages));

    for (int stage = device; stage < shape.all_stages(); stage += shape.stages) {
      for (int m = 0; m < shape.micro_batches; ++m) {
        lane.push_back({.kind = OpKind::forward, .stage = stage, .micro_batch = m});
      }
    }
    for (int stage = shape.all_stages() - shape.stages + device; stage >= 0;
         stage -= shape.stages) {
      for (int m = shape.micro_batches - 1; m >= 0; --m) {
        lane.push_back({.kind = OpKind::backward, .stage = stage, .micro_batch = m});
      }
    }
  }
  return schedule;
}

std::optional<Ratio> looped_bfs_bubble(const EqualStages& equal) {
  const PipelineShape& shape = equal.shape;
  if (shape.virtual_stages == 1) return flush_bubble(equal);
  if (equal.recompute_setting != Recompute::none) return std::nullopt;
  const Int128 rounds = shape.virtual_stages;
  const Int128 waits = std::max(shape.stages - shape.micro_batches, 0);  // Passes in each round.
  const Int128 idle = (rounds - 1) * waits + shape.stages - 1;
  return bubble_ratio(idle * equal.pass(),
                      rounds * shape.micro_batches * equal.pass() + equal.deferred_tail());
}

}  // namespace pipesim

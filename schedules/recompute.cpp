#include "schedules/recompute.hpp"

namespace pipesim {

Schedule with_recompute(Schedule schedule, Recompute recompute, bool lazy) {
  if (recompute == Recompute::none) return schedule;
  schedule.lazy_recompute = lazy;
  const int kept = kept_micro_batch(recompute, schedule.micro_batches);
  for (std::vector<Op>& lane : schedule.lanes) {
    std::vector<Op> longer;
    longer.reserve(lane.size() + lane.size() / 2);
    for (const Op& op : lane) {
      if (sends_gradient(op.kind) && op.micro_batch != kept) {
        longer.push_back(
            {.kind = OpKind::recompute, .stage = op.stage, .micro_batch = op.micro_batch});
      }
      longer.push_back(op);
    }
    lane = std::move(longer);
  }
  return schedule;
}

}  // namespace pipesim

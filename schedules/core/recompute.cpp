#include "schedules/core/recompute.hpp"

namespace pipesim {

Schedule with_recompute(Schedule schedule, Recompute recompute, bool lazy) {
  if (recompute == Recompute::none) return schedule;
  schedule.lazy_recompute = lazy;
  const int kept = kept_micro_batch(recompute, schedule.micro_batches);
  for (std::vector<Op>& lane : schedule.lanes) {
    std::vector<Op> longer;
    longer.reserve(lane.size() + lane.size() / 2);
    const auto before = [&](const Op& op) {
      if (!sends_gradient(op.kind) || op.micro_batch == kept) return;
      Op again = op;
      again.kind = OpKind::recompute;
      longer.push_back(again);
    };
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      const bool in_pair = slot > 0 && lane[slot - 1].with_next;
      if (lane[slot].with_next) before(lane[slot + 1]);
      if (!in_pair) before(lane[slot]);
      longer.push_back(lane[slot]);
    }
    lane = std::move(longer);
  }
  return schedule;
}

}  // namespace pipesim

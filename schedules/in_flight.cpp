#include "schedules/in_flight.hpp"

#include <algorithm>

#include "schedules/recompute.hpp"

namespace pipesim {

std::vector<InFlight> in_flight_of(const Schedule& schedule, Recompute recompute) {
  const int kept = kept_micro_batch(recompute, schedule.micro_batches);
  std::vector<InFlight> now(static_cast<std::size_t>(schedule.stages()));
  std::vector<InFlight> most = now;
  for (const std::vector<Op>& lane : schedule.lanes) {
    for (const Op& op : lane) {
      InFlight& stage = now[static_cast<std::size_t>(op.stage)];
      InFlight& peak = most[static_cast<std::size_t>(op.stage)];
      if (op.kind == OpKind::forward) {
        ++stage.inputs;
        if (recompute == Recompute::none || op.micro_batch == kept) ++stage.insides;
      } else if (op.kind == OpKind::recompute) {
        ++stage.insides;
      } else if (sends_gradient(op.kind)) {
        --stage.inputs;
        --stage.insides;
        stage.weights += op.kind == OpKind::backward_input ? 1 : 0;
      } else if (op.kind == OpKind::backward_weight && op.micro_batch >= 0) {
        --stage.weights;
      }
      peak.inputs = std::max(peak.inputs, stage.inputs);
      peak.insides = std::max(peak.insides, stage.insides);
      peak.weights = std::max(peak.weights, stage.weights);
    }
  }
  return most;
}

}  // namespace pipesim

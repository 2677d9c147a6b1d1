#include "schedules/in_flight.hpp"

#include <algorithm>

#include "schedules/recompute.hpp"

namespace pipesim {

std::vector<InFlight> in_flight_of(const Schedule& schedule, Recompute recompute) {
  const int kept = kept_micro_batch(recompute, schedule.micro_batches);
  const auto stages = static_cast<std::size_t>(schedule.stages());
  std::vector<InFlight> now(2 * stages);  // Of each stage, and then of each second copy.
  std::vector<InFlight> most(stages);
  for (const std::vector<Op>& lane : schedule.lanes) {
    for (const Op& op : lane) {
      const auto s = static_cast<std::size_t>(op.stage);
      InFlight& stage = now[s + (op.copy == 0 ? 0 : stages)];
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
      most[s].inputs = std::max(most[s].inputs, stage.inputs);
      most[s].insides = std::max(most[s].insides, stage.insides);
      most[s].weights = std::max(most[s].weights, stage.weights);
    }
  }
  return most;
}

}  // namespace pipesim

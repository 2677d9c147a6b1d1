#include "support/schedules/peak_bytes.hpp"

#include <algorithm>

#include "schedules/core/recompute.hpp"

namespace pipesim::test {

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
        if (recompute == Recompute::none || op.micro_batch == kept) ++stage.interiors;
      } else if (op.kind == OpKind::recompute) {
        ++stage.interiors;
      } else if (sends_gradient(op.kind)) {
        --stage.inputs;
        --stage.interiors;
        stage.weights += op.kind == OpKind::backward_input ? 1 : 0;
      } else if (op.kind == OpKind::backward_weight && op.micro_batch >= 0) {
        --stage.weights;
      }
      most[s].inputs = std::max(most[s].inputs, stage.inputs);
      most[s].interiors = std::max(most[s].interiors, stage.interiors);
      most[s].weights = std::max(most[s].weights, stage.weights);
    }
  }
  return most;
}

Bytes peak_bytes(const StageCost& cost, InFlight in_flight, bool is_first) {
  const Bytes messages = capped_sum(cost.output, is_first ? 0 : cost.boundary);
  if (cost.deferred_micro_batches > 0) {  // The last I, or W.
    const Bytes waiting = capped_product(cost.weight_stash, cost.deferred_micro_batches - 1);
    const Bytes last = std::max(cost.stash, cost.weight_stash);
    const Bytes scratch =
        capped_sum(messages, capped_sum(cost.input_workspace, cost.gathered_layer));
    const Bytes update = capped_sum(cost.update_workspace, cost.unreduced_gradient);
    return capped_sum(capped_sum(cost.static_bytes(), waiting),
                      std::max(capped_sum(last, scratch), capped_sum(cost.weight_stash, update)));
  }
  const Bytes interiors = capped_product(cost.stash - cost.boundary, in_flight.interiors);
  const Bytes for_weights = capped_product(cost.weight_stash, in_flight.weights);
  const Bytes kept = capped_sum(capped_product(cost.boundary, in_flight.inputs),
                                capped_sum(interiors, for_weights));
  const Bytes in_work = capped_sum(cost.gathered_layer, cost.unreduced_gradient);
  return capped_sum(capped_sum(cost.static_bytes(), kept),
                    capped_sum(capped_sum(messages, cost.workspace), in_work));
}

}  // namespace pipesim::test

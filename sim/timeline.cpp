#include "sim/timeline.hpp"

namespace pipesim {

std::string_view name_of(Clock clock) {
  switch (clock) {
    case Clock::modeled:
      return "modeled";
  }
  return "";
}

Sent sent_by(const Op& op, const Schedule& schedule, const StepCosts& costs,
             const Timeline& timeline) {
  const bool is_activation = op.kind == OpKind::forward && op.stage + 1 < schedule.stages();
  const bool is_gradient = sends_gradient(op.kind) && op.stage > 0;
  if (!is_activation && !is_gradient) return {};

  const auto stage = static_cast<std::size_t>(op.stage);
  const std::size_t receiver = is_activation ? stage + 1 : stage - 1;
  const int from = schedule.placement[stage];
  const int to = schedule.placement[receiver];
  if (from == to) return {};

  const std::size_t index = receiver * static_cast<std::size_t>(schedule.micro_batches) +
                            static_cast<std::size_t>(op.micro_batch);
  const Time finish =
      is_activation ? timeline.activation_arrival[index] : timeline.gradient_arrival[index];
  const Time start = finish - costs.hops[std::min(stage, receiver)].total();
  return {.any = true,
          .transfer = {.from = from,
                       .to = to,
                       .is_gradient = is_gradient,
                       .stage = op.stage,
                       .micro_batch = op.micro_batch,
                       .when = {.start = start, .finish = finish}}};
}

}  // namespace pipesim

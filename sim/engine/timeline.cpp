#include "sim/engine/timeline.hpp"

namespace pipesim {

std::string_view name_of(Clock clock) {
  switch (clock) {
    case Clock::modeled:
      return "modeled";
    case Clock::measured:
      return "measured";
    case Clock::wall:
      return "wall";
  }
  return "";
}

LaneIntervals::LaneIntervals(const Schedule& schedule) {
  std::size_t count = 0;
  for (const std::vector<Op>& lane : schedule.lanes) {
    begins_.push_back(count);
    count += lane.size();
    ends_.push_back(count);
  }
  all_.resize(count);
}

Sent sent_by(const Op& op, const Interval& when, const Schedule& schedule, const StepCosts& costs,
             const Timeline& timeline) {
  const bool is_activation = op.kind == OpKind::forward && op.stage + 1 < schedule.stages();
  const bool is_gradient = sends_gradient(op.kind) && op.stage > 0;
  if (!is_activation && !is_gradient) return {};

  const int receiver = is_activation ? op.stage + 1 : op.stage - 1;
  const int from = schedule.device_of(op.stage, op.copy);
  const int to = schedule.device_of(receiver, op.copy);
  if (from == to) return {};

  const Arrivals& arrivals =
      is_activation ? timeline.activation_arrival : timeline.gradient_arrival;
  const Time finish = arrivals.at(receiver, op.micro_batch);
  if (finish == Arrivals::not_yet) return {};
  const auto hop = static_cast<std::size_t>(std::min(op.stage, receiver));
  const Time start = timeline.clock == Clock::wall ? when.finish : finish - costs.hops[hop].total();
  return {.any = true,
          .transfer = {.from = from,
                       .to = to,
                       .is_gradient = is_gradient,
                       .stage = op.stage,
                       .micro_batch = op.micro_batch,
                       .when = {.start = start, .finish = finish}}};
}

}  // namespace pipesim

#include "sim/engine/timeline.hpp"

#include "schedules/core/dependencies.hpp"

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
  const auto message = computes(op.kind) ? message_from(op, schedule) : std::nullopt;
  if (!message) return {};
  const int from = schedule.device_of(op.stage, op.copy);
  const int to = schedule.device_of(message->stage, op.copy);
  if (from == to) return {};

  const Arrivals& arrivals =
      message->is_gradient ? timeline.gradient_arrival : timeline.activation_arrival;
  const Time finish = arrivals.at(message->stage, op.micro_batch);
  if (finish == Arrivals::not_yet) return {};
  const auto hop = static_cast<std::size_t>(std::min(op.stage, message->stage));
  const Time start = timeline.clock == Clock::wall ? when.finish : finish - costs.hops[hop].total();
  return {.any = true,
          .transfer = {.from = from,
                       .to = to,
                       .is_gradient = message->is_gradient,
                       .stage = op.stage,
                       .micro_batch = op.micro_batch,
                       .when = {.start = start, .finish = finish}}};
}

}  // namespace pipesim

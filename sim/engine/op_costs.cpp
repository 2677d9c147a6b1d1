#include "sim/engine/op_costs.hpp"

#include <numeric>

#include "schedules/core/recompute.hpp"

namespace pipesim {

namespace {

using StageTime = Time StageCost::*;
constexpr StageTime stage_times[] = {&StageCost::forward, &StageCost::backward,
                                     &StageCost::backward_input, &StageCost::backward_weight,
                                     &StageCost::recompute};

OpCost op_cost(OpKind kind, const StageCost& cost, const StagePlace& place) {
  OpCost result{.duration = duration_of(kind, cost)};
  const OpMemory memory = op_memory(kind, cost, place);
  for (const MemoryUse& use : memory.all()) {
    result.allocate += use.at_start;
    result.release += use.at_finish;
  }
  return result;
}

// Stated for all stages, or for none.
bool overlaps(const StepCosts& costs) {
  return !costs.stages.empty() && costs.stages.front().overlapped;
}

Time total_overlapped(const StepCosts& costs) {
  Time total;
  for (const StageCost& stage : costs.stages) {
    total = capped_sum(total, stage.overlapped.value_or(Time{}));
  }
  return total;
}

Time total_over_stages(const StepCosts& costs, StageTime time) {
  Time total;
  for (const StageCost& stage : costs.stages) total = capped_sum(total, stage.*time);
  return total;
}

}  // namespace

bool keeps_insides(const StepCosts& costs, int micro_batch, int micro_batches) {
  return costs.recompute == Recompute::none ||
         micro_batch == kept_micro_batch(costs.recompute, micro_batches);
}

Time duration_of(OpKind kind, const StageCost& cost) {
  switch (kind) {
    case OpKind::forward:
      return cost.forward;
    case OpKind::backward:
      return cost.backward;
    case OpKind::backward_input:
      return cost.backward_input;
    case OpKind::backward_weight:
      return cost.backward_weight;
    case OpKind::recompute:
      return cost.recompute;
    case OpKind::optimizer:
      return cost.optimizer;
    case OpKind::unshard:
      return cost.gather;
    case OpKind::reduce_grad:
      return cost.reduce;
    default:
      return {};
  }
}

StagePlace place_in(const Schedule& schedule, const StepCosts& costs, const StageCopy& stage,
                    bool keeps) {
  StagePlace place = costs.place(stage.stage, keeps);
  place.received_input = receives_in_lane(schedule, stage, stage.stage - 1);
  place.received_gradient = receives_in_lane(schedule, stage, stage.stage + 1);
  return place;
}

std::vector<StageOps> op_table(const StepCosts& costs, const Schedule& schedule) {
  const std::size_t stages = costs.stages.size();
  std::vector<StageOps> table(schedule.bidirectional() ? 2 * stages : stages);
  const bool keeps = costs.recompute == Recompute::none;
  for (std::size_t at = 0; at < table.size(); ++at) {
    const StageCopy stage{.stage = static_cast<int>(at % stages), .copy = at < stages ? 0 : 1};
    const StageCost& cost = costs.stages[at % stages];
    const StagePlace place = place_in(schedule, costs, stage, keeps);
    for (int kind = 0; kind < op_kinds; ++kind) {
      table[at].by_kind[static_cast<std::size_t>(kind)] =
          op_cost(static_cast<OpKind>(kind), cost, place);
    }
    table[at].overlapped = cost.overlapped;
    table[at].kept_forward = op_cost(OpKind::forward, cost, place_in(schedule, costs, stage, true));
  }
  return table;
}

StepCosts with_free_transfers(StepCosts costs) {
  for (TransferCost& hop : costs.hops) hop = {};
  costs.links = {};
  for (StageCost& stage : costs.stages) stage.gather = stage.reduce = {};
  return costs;
}

EvenedCosts with_equal_stages(StepCosts costs, const Schedule& schedule) {
  const auto stages = static_cast<std::int64_t>(costs.stages.size());
  std::int64_t common = stages;  // What all totals can be divided by, together with the stages.
  Int128 everything = 0;
  for (const StageTime time : stage_times) {
    const Time total = total_over_stages(costs, time);
    common = std::gcd(common, total.ps);
    everything += Int128{total.ps} * schedule.micro_batches;
  }
  common = std::gcd(common, total_overlapped(costs).ps);
  std::int64_t scale = stages / common;
  // No schedule takes longer than all its ops one after the other.
  if (everything * scale >= Int128{Time::limit().ps}) scale = 1;
  const auto mean = [&](Time total) {
    return Time{static_cast<std::int64_t>((Int128{total.ps} * scale + stages / 2) / stages)};
  };
  for (const StageTime time : stage_times) {
    const Time each = mean(total_over_stages(costs, time));
    for (StageCost& stage : costs.stages) stage.*time = each;
  }
  if (overlaps(costs)) {
    const Time each = mean(total_overlapped(costs));
    for (StageCost& stage : costs.stages) stage.overlapped = each;
  }
  return {.costs = std::move(costs), .scale = scale};
}

}  // namespace pipesim

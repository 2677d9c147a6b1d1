#include "sim/step/exchange_costs.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "models/cluster/collective.hpp"
#include "schedules/check/sharding.hpp"
#include "sim/step/replica_exchange.hpp"

namespace pipesim {

namespace {

// What one message between two stages takes. Where each device of a stage sends a part, the parts
// go side by side; putting them together again adds to the way.
TransferCost hop_between(const Config& config, int from, int to, Bytes bytes) {
  const RankGrid grid = rank_grid(config);
  const auto* network = std::get_if<Network>(&config.model);
  const int parts = network == nullptr ? 1 : network->message_parts;
  TransferCost hop = message_cost(config.cluster, rank_at(grid, {.pipeline = from}),
                                  rank_at(grid, {.pipeline = to}), (bytes + parts - 1) / parts);
  if (network == nullptr || !network->gathers_messages || from == to) return hop;
  const GroupNetwork group = group_network(config.cluster, grid, Axis::tensor, to);
  hop.latency = capped_sum(
      hop.latency,
      to_time(collective_seconds(Collective::all_gather, static_cast<double>(bytes), group)));
  return hop;
}

// What of a stage's sharding stands in the lanes, so that its passes do none of it.
struct InLanes {
  bool gathers = false;
  bool reduces = false;
};

// With ZeRO stage 3 every pass gathers the weights that it needs; from stage 2 on every backward
// scatters its gradients. Beside computing, where reductions overlap.
void add_zero_exchange(const Training& training, InLanes in_lanes, StageCost& stage) {
  const int zero_stage = training.parallel.zero_stage;
  const Time gather = zero_stage == 3 && !in_lanes.gathers ? stage.gather : Time{};
  const Time reduce = zero_stage >= 2 && !in_lanes.reduces ? stage.reduce : Time{};
  const auto beside = [&](Time& pass, Time exchange) {
    pass = training.parallel.overlap_grad_reduce ? std::max(pass, exchange)
                                                 : capped_sum(pass, exchange);
  };
  beside(stage.forward, gather);
  beside(stage.recompute, gather);
  beside(stage.backward, capped_sum(gather, reduce));
  beside(stage.backward_input, gather);
  beside(stage.backward_weight, reduce);
}

// A stage whose UNSHARD stands in the lane holds its weights from there on, not layer by layer. One
// that is reduced there accumulates its gradient in a whole buffer, as without ZeRO.
void hold_as_in_lanes(InLanes in_lanes, StageCost& stage) {
  if (in_lanes.gathers) stage.gathered_layer = 0;
  if (!in_lanes.reduces) return;
  stage.unreduced_gradient = 0;
  if (stage.gradients > 0) stage.gradients = std::max(stage.gradients, stage.summed_gradients);
}

}  // namespace

void cost_hops(Experiment& experiment) {
  const Config& config = experiment.config;
  const auto* given = std::get_if<GivenStages>(&config.model);
  for (std::size_t s = 0; s + 1 < experiment.costs.stages.size(); ++s) {
    TransferCost hop =
        hop_between(config, experiment.schedule.placement[s], experiment.schedule.placement[s + 1],
                    experiment.costs.stages[s + 1].boundary);
    if (given != nullptr) {
      hop.latency = capped_sum(hop.latency, given->transfer[static_cast<int>(s)]);
    }
    experiment.costs.hops.push_back(hop);
  }
}

void cost_sharding(Experiment& experiment) {
  const Config& config = experiment.config;
  if (weight_replicas(config.training) == 1 && expert_replicas(config.training) == 1) return;
  experiment.schedule = with_complete_sharding(std::move(experiment.schedule));
  const std::vector<bool> gathers = stages_with(experiment.schedule, OpKind::unshard);
  const std::vector<bool> reduces = stages_with(experiment.schedule, OpKind::reduce_grad);
  for (std::size_t s = 0; s < experiment.costs.stages.size(); ++s) {
    const StageCost& slowest = experiment.costs.stages[s];
    const int device = experiment.schedule.placement[s];
    const InLanes in_lanes{.gathers = gathers[s], .reduces = reduces[s]};
    const Time gather = replica_gather_time(config, device, slowest);
    const Time reduce = replica_scatter_time(config, device, slowest);
    const auto set = [&](StageCost& stage) {
      stage.gather = gather;
      stage.reduce = reduce;
      add_zero_exchange(config.training, in_lanes, stage);
      hold_as_in_lanes(in_lanes, stage);
    };
    set(experiment.costs.stages[s]);
    for (ReplicaCosts& replicas : experiment.replicas) set(replicas.stages[s]);
  }
}

}  // namespace pipesim

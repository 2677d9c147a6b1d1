#include "sim/step/replica_exchange.hpp"

#include <algorithm>

namespace pipesim {

namespace {

// The ranks that hold the same weights as some devices of the pipeline, and the same experts.
struct Holders {
  std::vector<int> weights{};
  std::vector<int> experts{};
};

// With their replicas those of the first rank of a device.
void add_replicas(const Config& config, int device, Holders& holders) {
  const RankGrid grid = rank_grid(config);
  const int first = rank_at(grid, {.pipeline = device});
  const auto append = [](const std::vector<int>& more, std::vector<int>& ranks) {
    ranks.insert(ranks.end(), more.begin(), more.end());
  };
  append(group_over(grid, {Axis::data, Axis::context}, first), holders.weights);
  if (!config.transformer || !config.transformer->mixture) return;
  append(expert_replica_group(grid, expert_grid(config), first), holders.experts);
}

Holders replicas_of(const Config& config, int device) {
  Holders holders;
  add_replicas(config, device, holders);
  return holders;
}

// What has no bytes is not exchanged: it takes no latency either.
Time exchange_time(const Config& config, Collective collective, Bytes bytes,
                   const std::vector<int>& ranks) {
  if (ranks.size() < 2 || bytes == 0) return {};
  return to_time(collective_seconds(collective, static_cast<double>(bytes),
                                    group_network(config.cluster, ranks)));
}

// `experts`: of `bytes`.
Time exchange_time(const Config& config, Collective collective, Bytes bytes, Bytes experts,
                   const Holders& holders) {
  return capped_sum(exchange_time(config, collective, bytes - experts, holders.weights),
                    exchange_time(config, collective, experts, holders.experts));
}

}  // namespace

Time replica_gather_time(const Config& config, int device, const StageCost& stage) {
  return exchange_time(config, Collective::all_gather, stage.gathered_weights, stage.expert_weights,
                       replicas_of(config, device));
}

Time replica_scatter_time(const Config& config, int device, const StageCost& stage) {
  return exchange_time(config, Collective::reduce_scatter, stage.summed_gradients,
                       stage.expert_gradients, replicas_of(config, device));
}

Time gradient_sum_time(const Experiment& experiment, int stage, int copies, bool over_replicas) {
  const Config& config = experiment.config;
  // Without replicas there is nobody to sum with: a quarter of the time of a step of many stages.
  if (copies == 1 && weight_replicas(config.training) == 1 &&
      expert_replicas(config.training) == 1) {
    return {};
  }
  const StageCost& cost = experiment.costs.stages[static_cast<std::size_t>(stage)];
  Holders holders;
  std::vector<int> of_copies;
  for (int copy = 0; copy < copies; ++copy) {
    const int device = experiment.schedule.device_of(stage, copy);
    add_replicas(config, device, holders);
    of_copies.push_back(rank_at(rank_grid(config), {.pipeline = device}));
  }
  const int zero_stage = config.training.parallel.zero_stage;
  if (zero_stage >= 2 && over_replicas) return {};  // Every backward has scattered its own.
  const Collective sum = zero_stage == 1 ? Collective::reduce_scatter : Collective::all_reduce;
  if (!over_replicas) return exchange_time(config, sum, cost.summed_gradients, of_copies);
  return exchange_time(config, sum, cost.summed_gradients, cost.expert_gradients, holders);
}

Time weight_gather_time(const Experiment& experiment, int stage) {
  const Config& config = experiment.config;
  const int zero_stage = config.training.parallel.zero_stage;
  if (zero_stage != 1 && zero_stage != 2) return {};
  return replica_gather_time(config, experiment.schedule.device_of(stage, 0),
                             experiment.costs.stages[static_cast<std::size_t>(stage)]);
}

Time shared_embedding_time(const Experiment& experiment) {
  const Config& config = experiment.config;
  const auto* network = std::get_if<Network>(&config.model);
  const int last = experiment.schedule.stages() - 1;
  const int from = experiment.schedule.device_of(0, 0);
  const int to = experiment.schedule.device_of(last, 0);
  if (network == nullptr || network->shared_embedding_bytes == 0 || from == to) return {};
  const RankGrid grid = rank_grid(config);
  const Bytes bytes = network->shared_embedding_bytes /
                      bytes_per_element(config.training.precision) *
                      bytes_per_element(config.training.gradient_precision);
  return exchange_time(config, Collective::all_reduce, bytes,
                       {rank_at(grid, {.pipeline = from}), rank_at(grid, {.pipeline = to})});
}

}  // namespace pipesim

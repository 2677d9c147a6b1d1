#include "sim/replica_exchange.hpp"

#include <algorithm>

namespace pipesim {

namespace {

// The ranks that hold the same weights as the first rank of a device of the pipeline.
std::vector<int> replicas_of(const Config& config, int device) {
  const RankGrid grid = rank_grid(config);
  return group_over(grid, {Axis::data, Axis::context}, rank_at(grid, {.pipeline = device}));
}

// Every how-manieth of them holds the same experts.
std::vector<int> every(const std::vector<int>& ranks, int step) {
  std::vector<int> chosen;
  for (std::size_t i = 0; i < ranks.size(); i += static_cast<std::size_t>(step)) {
    chosen.push_back(ranks[i]);
  }
  return chosen;
}

// What has no bytes is not exchanged: it takes no latency either.
Time exchange_time(const Config& config, Collective collective, Bytes bytes,
                   const std::vector<int>& ranks) {
  if (ranks.size() < 2 || bytes == 0) return {};
  return to_time(collective_seconds(collective, static_cast<double>(bytes),
                                    group_network(config.cluster, ranks)));
}

// Of `bytes` the `experts` are held by the ranks of the same place in an expert group only.
Time exchange_time(const Config& config, Collective collective, Bytes bytes, Bytes experts,
                   const std::vector<int>& ranks) {
  if (experts == 0) return exchange_time(config, collective, bytes, ranks);
  const int parallel = config.training.parallel.expert;
  return capped_sum(exchange_time(config, collective, bytes - experts, ranks),
                    exchange_time(config, collective, experts, every(ranks, parallel)));
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
  const StageCost& cost = experiment.costs.stages[static_cast<std::size_t>(stage)];
  std::vector<int> ranks;
  for (int copy = 0; copy < copies; ++copy) {
    const int device = experiment.schedule.device_of(stage, copy);
    const std::vector<int> more =
        over_replicas ? replicas_of(config, device)
                      : std::vector{rank_at(rank_grid(config), {.pipeline = device})};
    ranks.insert(ranks.end(), more.begin(), more.end());
  }
  const int zero_stage = config.training.parallel.zero_stage;
  if (zero_stage >= 2 && over_replicas) return {};  // Every backward has scattered its own.
  const Collective sum = zero_stage == 1 ? Collective::reduce_scatter : Collective::all_reduce;
  if (!over_replicas) return exchange_time(config, sum, cost.summed_gradients, ranks);
  return exchange_time(config, sum, cost.summed_gradients, cost.expert_gradients, ranks);
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

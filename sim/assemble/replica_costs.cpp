#include "sim/assemble/replica_costs.hpp"
#include "sim/assemble/assemble.hpp"

#include "sim/assemble/config_schedule.hpp"
#include "sim/costs/memory_partition.hpp"
#include "sim/costs/pipeline_costs.hpp"
#include "sim/engine/engine.hpp"

namespace pipesim {

namespace {

// Running totals of the layers' compute time; on uneven devices, as the first one takes it.
std::vector<std::int64_t> running_time(const LayerTotals& coster, std::size_t layers) {
  std::vector<std::int64_t> up_to;
  for (std::size_t l = 0; l <= layers; ++l) up_to.push_back(coster.compute_time(0, l, false).ps);
  return up_to;
}

// Counts of the first and the last device are of whatever stages the schedule puts there.
Partition listed_partition(const Config& config, const Schedule& schedule) {
  const PipelineSettings& pipeline = config.pipeline;
  Partition counts = pipeline.layer_counts;
  if (!pipeline.first_layers && !pipeline.last_layers) return counts;
  for (std::size_t s = 0; s < counts.size(); ++s) {
    counts[s] = pipeline.layer_counts[static_cast<std::size_t>(schedule.placement[s])];
  }
  return counts;
}

using Costers = std::vector<const LayerTotals*>;  // Of every stage.

// A stage's compute time grows with its layers.
Partition balanced_partition(const Config& config, const Costers& of_stage,
                             const std::vector<std::int64_t>& weight_up_to) {
  const bool again = as_ops(config.pipeline.recompute) != Recompute::none;
  const auto compute = [&](int s, int first, int last) {
    return of_stage[static_cast<std::size_t>(s)]
        ->compute_time(static_cast<std::size_t>(first), static_cast<std::size_t>(last), again)
        .ps;
  };
  const auto layers = static_cast<int>(weight_up_to.size()) - 1;
  return min_max_partition(layers, static_cast<int>(of_stage.size()), compute, weight_up_to,
                           compute);
}

// An automatic schedule is made for the costs of its stages, after them: here it is taken as it is
// for equal ones.
Partition partition_for_memory(const Config& config, const Schedule& schedule,
                               const Costers& of_stage,
                               const std::vector<std::int64_t>& weight_up_to) {
  const MemoryRequest request{
      .layers = static_cast<int>(weight_up_to.size()) - 1,
      .stages = static_cast<int>(of_stage.size()),
      .sizes =
          [&](int s, int first, int last) {
            return of_stage[static_cast<std::size_t>(s)]->sizes(static_cast<std::size_t>(first),
                                                                static_cast<std::size_t>(last));
          },
      .least_sizes =
          [&](int s, int first, int last) {
            return of_stage[static_cast<std::size_t>(s)]->least_sizes(
                static_cast<std::size_t>(first), static_cast<std::size_t>(last));
          }};
  const Recompute recompute = as_ops(config.pipeline.recompute);
  const PeakMoments moments(with_equal_loads(config, schedule), recompute);
  return memory_partition(request, moments, weight_up_to);
}

Partition partition_layers(const Config& config, const Schedule& schedule,
                           const PipelineDevices& devices, PipelineCosts& costers) {
  const auto layers = static_cast<int>(costers.network().layers.size());
  const int stages = config.pipeline.all_stages();
  const PartitionKind kind = config.pipeline.partition;
  if (kind == PartitionKind::listed) return listed_partition(config, schedule);
  if (kind == PartitionKind::uniform) return uniform_partition(layers, stages);

  std::vector<const LayerTotals*> of_stage;
  for (const int device : schedule.placement) {
    of_stage.push_back(&costers.of_all_layers(devices[static_cast<std::size_t>(device)], device));
  }
  const std::vector<std::int64_t> weights =
      running_time(costers.of_all_layers(devices.front(), 0), costers.network().layers.size());
  return kind == PartitionKind::memory ? partition_for_memory(config, schedule, of_stage, weights)
                                       : balanced_partition(config, of_stage, weights);
}

std::vector<std::optional<Bytes>> capacity_of(const PipelineDevices& devices,
                                              const std::vector<Device>& kinds) {
  std::vector<std::optional<Bytes>> capacity;
  for (const StageDevices& stage : devices) capacity.push_back(least_memory(stage, kinds));
  return capacity;
}

// Where one device has both ends, its table serves both.
Network without_copies(Network network, const Schedule& schedule) {
  if (schedule.placement.front() == schedule.placement.back()) network.shared_embedding_bytes = 0;
  return network;
}

// Costs stages on any devices.
class StageCostOnDevices {
 public:
  StageCostOnDevices(const Config& config, const Schedule& schedule, const ReplicaDevices& devices,
                     Partition& partition)
      : config_(config), schedule_(schedule) {
    const auto* network = std::get_if<Network>(&config.model);
    if (network == nullptr) return;
    costers_.emplace(config, without_copies(*network, schedule), devices.kinds);
    partition = partition_layers(config, schedule, devices.slowest, *costers_);
    for (const int count : partition)
      begins_.push_back(begins_.back() + static_cast<std::size_t>(count));
  }

  std::vector<StageCost> stages(const PipelineDevices& devices) {
    std::vector<StageCost> costs;
    const int stages = config_.pipeline.all_stages();
    for (int s = 0; s < stages; ++s) {
      const auto at = static_cast<std::size_t>(s);
      const int position = schedule_.placement[at];
      const StageDevices& on = devices[static_cast<std::size_t>(position)];
      costs.push_back(costers_ ? costers_->cost(on, position, begins_[at], begins_[at + 1])
                               : stage_cost(std::get<GivenStages>(config_.model), s, stages,
                                            config_.training, largest_slowdown(on)));
    }
    return costs;
  }

 private:
  const Config& config_;
  const Schedule& schedule_;
  std::optional<PipelineCosts> costers_{};
  std::vector<std::size_t> begins_{0};  // Each stage's first layer, and the end.
};

// Groups of one replica each.
std::vector<ReplicaGroup> each_by_itself(const std::vector<ReplicaGroup>& groups) {
  std::vector<ReplicaGroup> single;
  for (const ReplicaGroup& group : groups) {
    for (const int replica : group.replicas) {
      single.push_back({.replicas = {replica}, .devices = group.devices});
    }
  }
  return single;
}

}  // namespace

CostedReplicas cost_replicas(const Config& config, const Schedule& schedule,
                             SimulatedReplicas replicas) {
  ReplicaDevices devices = replica_devices(config.cluster, rank_grid(config));
  if (replicas == SimulatedReplicas::each) devices.groups = each_by_itself(devices.groups);
  CostedReplicas costed;
  StageCostOnDevices cost(config, schedule, devices, costed.partition);
  costed.slowest = {.stages = cost.stages(devices.slowest),
                    .capacity = capacity_of(devices.slowest, devices.kinds)};
  if (devices.groups.size() == 1) return costed;
  for (ReplicaGroup& group : devices.groups) {
    costed.groups.push_back({.replicas = std::move(group.replicas),
                             .stages = cost.stages(group.devices),
                             .capacity = capacity_of(group.devices, devices.kinds)});
  }
  return costed;
}

void choose_slowest_replica(Experiment& experiment) {
  if (experiment.replicas.empty()) return;
  Engine engine(experiment.schedule);
  StepCosts costs = experiment.costs;
  std::size_t slowest = 0;
  Time longest{-1};
  for (std::size_t g = 0; g < experiment.replicas.size(); ++g) {
    costs.stages = experiment.replicas[g].stages;
    const Time time = engine.run(costs, {}, false).pipeline_time;
    if (time > longest) slowest = g;
    longest = std::max(longest, time);
  }
  experiment.costs.stages = experiment.replicas[slowest].stages;
  experiment.capacity = experiment.replicas[slowest].capacity;
  experiment.slowest_replica = experiment.replicas[slowest].replicas.front();
}

}  // namespace pipesim

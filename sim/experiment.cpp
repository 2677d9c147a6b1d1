#include "sim/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/cost_model.hpp"
#include "schedules/catalog.hpp"
#include "schedules/deferred_weight_gradient.hpp"
#include "schedules/in_flight.hpp"
#include "schedules/recompute.hpp"
#include "sim/machine_memory.hpp"

namespace pipesim {

namespace {

const KnownSchedule& find_schedule_of(const Config& config) {
  const KnownSchedule* known = find_schedule(config.pipeline.schedule);
  if (known != nullptr) return *known;
  throw config.source->error("/pipeline/schedule", "is not a known schedule",
                             quoted(config.pipeline.schedule),
                             suggestion(config.pipeline.schedule, "schedules", schedule_names()));
}

// Ops (12 bytes), arrivals (8) and intervals (16), and what else grows with them while they are
// built.
constexpr double bytes_per_op = 48;
constexpr double bytes_per_stage = 1024;

void check_size(const Config& config) {
  const double stages = config.pipeline.all_stages();
  const double kinds = config.pipeline.recompute == Recompute::none ? 2 : 3;
  const double extra = config.training.deferred_weight_gradient ? 1 : 0;
  const double ops = stages * (config.training.micro_batches * kinds + extra);
  const double needed = ops * bytes_per_op + stages * bytes_per_stage;
  const auto available = static_cast<double>(available_memory());
  if (needed <= available) return;
  const bool many_stages = stages > config.training.micro_batches;
  throw config.source->error(
      many_stages ? "/pipeline/stages" : "/pipeline/micro_batches",
      fmt::format("makes a schedule of {:.0f} ops, which needs {:.1f} GB of this machine's memory",
                  ops, needed / 1e9),
      std::to_string(many_stages ? config.pipeline.stages : config.training.micro_batches),
      fmt::format("{:.1f} GB are available: simulate fewer stages or micro-batches",
                  available / 1e9));
}

// What stages cost on each device; devices of one kind share an entry.
struct Costers {
  std::vector<std::vector<LayerTime>> times{};
  std::vector<StageCoster> by_kind{};

  const StageCoster& on(int device) const {
    return by_kind.size() == 1 ? by_kind.front() : by_kind[static_cast<std::size_t>(device)];
  }
};

Costers costers_for(const Config& config, const Network& network) {
  Costers costers;
  for (const Device& device : config.cluster.kinds) {
    costers.times.push_back(layer_times(network, device, config.training, *config.source));
    costers.by_kind.emplace_back(network, costers.times.back(), config.training, device);
  }
  return costers;
}

// Running totals of the layers' compute time; on uneven devices, as the first one takes it.
std::vector<std::int64_t> running_time(const StageCoster& coster, std::size_t layers) {
  std::vector<std::int64_t> up_to;
  for (std::size_t l = 0; l <= layers; ++l) up_to.push_back(coster.compute_time(0, l, false).ps);
  return up_to;
}

// What an exact search costs grows with stages · layers².
void check_searchable(const Config& config, int layers, int stages) {
  constexpr double most_steps = 1e9;  // Some ten seconds.
  if (0.5 * stages * layers * layers <= most_steps) return;
  throw config.source->error(
      "/pipeline/partition",
      fmt::format("cannot be searched for {} layers over {} stages in reasonable time", layers,
                  stages),
      "\"balanced\" or \"memory\"", "choose \"uniform\", or give a list of layer counts");
}

Partition partition_layers(const Config& config, const Network& network, const Costers& costers,
                           const Schedule& schedule) {
  const auto layers = static_cast<int>(network.layers.size());
  const int stages = config.pipeline.all_stages();
  const PartitionKind kind = config.pipeline.partition;
  if (kind == PartitionKind::listed) return config.pipeline.layer_counts;
  if (kind == PartitionKind::uniform) return uniform_partition(layers, stages);

  check_searchable(config, layers, stages);
  const bool again = config.pipeline.recompute != Recompute::none;
  const auto compute = [&](int s, int first, int last) {
    return costers.on(schedule.placement[static_cast<std::size_t>(s)])
        .compute_time(static_cast<std::size_t>(first), static_cast<std::size_t>(last), again)
        .ps;
  };
  const std::vector<InFlight> in_flight = in_flight_of(schedule, config.pipeline.recompute);
  const auto memory = [&](int s, int first, int last) {
    const StageCost cost =
        costers.on(schedule.placement[static_cast<std::size_t>(s)])
            .cost(static_cast<std::size_t>(first), static_cast<std::size_t>(last));
    return peak_bytes(cost, in_flight[static_cast<std::size_t>(s)], s == 0);
  };
  const std::vector<std::int64_t> weights =
      running_time(costers.by_kind.front(), network.layers.size());
  return kind == PartitionKind::balanced ? min_max_partition(layers, stages, compute, weights)
                                         : min_max_partition(layers, stages, memory, weights);
}

void cost_layers(const Network& network, Experiment& experiment) {
  const Config& config = experiment.config;
  const Costers costers = costers_for(config, network);
  experiment.partition = partition_layers(config, network, costers, experiment.schedule);
  std::size_t first = 0;
  for (std::size_t s = 0; s < experiment.partition.size(); ++s) {
    const std::size_t last = first + static_cast<std::size_t>(experiment.partition[s]);
    experiment.costs.stages.push_back(
        costers.on(experiment.schedule.placement[s]).cost(first, last));
    first = last;
  }
}

void cost_hops(Experiment& experiment) {
  const Config& config = experiment.config;
  const auto* given = std::get_if<StageCosts>(&config.model);
  for (std::size_t s = 0; s + 1 < experiment.costs.stages.size(); ++s) {
    TransferCost hop =
        transfer_cost(config.cluster.interconnect, experiment.costs.stages[s + 1].boundary);
    if (given != nullptr) {
      hop.latency = capped_sum(hop.latency, given->transfer[static_cast<int>(s)]);
    }
    experiment.costs.hops.push_back(hop);
  }
}

// Every time and every byte that can be reached is below these totals.
void check_totals(const Experiment& experiment) {
  const Config& config = experiment.config;
  const std::int64_t micro_batches = config.training.micro_batches;
  Time time;
  Bytes bytes = 0;
  for (const StageCost& stage : experiment.costs.stages) {
    const bool deferred = stage.deferred_micro_batches > 0;
    Time passes = capped_sum(stage.forward, deferred ? stage.backward_input : stage.backward);
    if (experiment.costs.recompute != Recompute::none) {
      passes = capped_sum(passes, stage.recompute);
    }
    const Time once = deferred ? stage.backward_weight : stage.optimizer;
    time = capped_sum(time, capped_sum(capped_product(passes, micro_batches), once));
    const Bytes messages = capped_sum(capped_sum(stage.output, stage.boundary), stage.workspace);
    const Bytes scratch = capped_sum(messages, stage.update_workspace);
    const Bytes kept = capped_product(std::max(stage.stash, stage.weight_stash), micro_batches);
    bytes = capped_sum(bytes, capped_sum(capped_sum(stage.static_bytes(), kept), scratch));
    time = capped_sum(time, ring_all_reduce(config.cluster.interconnect, stage.static_bytes(),
                                            config.training.data_parallel));
  }
  for (const TransferCost& hop : experiment.costs.hops) {
    const Time message = capped_sum(hop.occupancy, hop.latency);
    time = capped_sum(time, capped_product(message, 2 * micro_batches));
  }
  if (time >= Time::limit()) {
    throw config.source->error(
        "/model", "takes longer than can be simulated", "2^62 ps or more",
        "all durations together must stay below 2^62 ps, about 53 days: check "
        "the units of times and rates, or use fewer micro-batches");
  }
  if (bytes >= bytes_limit) {
    throw config.source->error("/model", "holds more bytes than can be simulated", "2^62 or more",
                               "all sizes together must stay below 2^62 bytes: check their units");
  }
}

std::optional<Ratio> formula_for(const KnownSchedule& known, const Experiment& experiment) {
  EqualStages equal{
      .shape = {.stages = experiment.schedule.stages(),
                .micro_batches = experiment.schedule.micro_batches},
      .recompute_setting = experiment.costs.recompute,
      .lazy_recompute = experiment.schedule.lazy_recompute,
      .deferred_weight_gradient = experiment.config.training.deferred_weight_gradient};
  for (const StageCost& stage : experiment.costs.stages) {  // Sums serve as well as means.
    equal.forward = capped_sum(equal.forward, stage.forward);
    equal.backward = capped_sum(equal.backward, stage.backward);
    equal.backward_input = capped_sum(equal.backward_input, stage.backward_input);
    equal.backward_weight = capped_sum(equal.backward_weight, stage.backward_weight);
    equal.recompute = capped_sum(equal.recompute, stage.recompute);
  }
  return known.bubble(equal);
}

}  // namespace

Experiment assemble(Config config) {
  const KnownSchedule& known = find_schedule_of(config);
  check_size(config);
  Experiment experiment{.config = std::move(config)};
  const PipelineSettings& pipeline = experiment.config.pipeline;
  const Training& training = experiment.config.training;
  experiment.schedule = with_recompute(
      known.generate({.stages = pipeline.all_stages(), .micro_batches = training.micro_batches}),
      pipeline.recompute, pipeline.lazy_recompute);
  if (training.deferred_weight_gradient) {
    experiment.schedule = with_deferred_weight_gradient(std::move(experiment.schedule));
  }
  experiment.costs.recompute = pipeline.recompute;
  if (const auto* network = std::get_if<Network>(&experiment.config.model)) {
    cost_layers(*network, experiment);
  } else {
    const auto& given = std::get<StageCosts>(experiment.config.model);
    for (int s = 0; s < pipeline.all_stages(); ++s) {
      experiment.costs.stages.push_back(stage_cost(given, s, pipeline.all_stages(), training));
    }
  }
  cost_hops(experiment);
  check_totals(experiment);
  for (int device = 0; device < experiment.schedule.devices(); ++device) {
    experiment.capacity.push_back(experiment.config.cluster.device(device).memory);
  }
  experiment.bubble_formula = formula_for(known, experiment);
  return experiment;
}

}  // namespace pipesim

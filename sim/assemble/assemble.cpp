#include "sim/assemble/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schedules/orders/catalog.hpp"
#include "sim/assemble/automatic_schedule.hpp"
#include "sim/assemble/config_schedule.hpp"
#include "sim/assemble/replica_costs.hpp"
#include "sim/assemble/schedule_size.hpp"
#include "sim/engine/engine.hpp"
#include "sim/step/exchange_costs.hpp"
#include "sim/step/link_routes.hpp"
#include "sim/step/replica_exchange.hpp"

namespace pipesim {

namespace {

// Whether the schedule runs I and W, whose times a model may not state apart.
void check_split(const Experiment& experiment) {
  const Config& config = experiment.config;
  const bool splits =
      contains(experiment.schedule, [](OpKind kind) { return kind == OpKind::backward_input; });
  const KnownSchedule* known = find_schedule(config.pipeline.schedule);
  if (!splits && (config.pipeline.file != nullptr || !known->splits_backward)) return;
  constexpr std::string_view hint = "give both backward_input and backward_weight";
  if (const auto* given = std::get_if<GivenStages>(&config.model)) {
    if (given->backward_input) return;
    throw config.source->error("/model/backward_input",
                               "is required by a schedule that runs I and W apart", "nothing",
                               hint);
  }
  const std::vector<Layer>& layers = std::get<Network>(config.model).layers;
  const bool known_apart = std::ranges::any_of(
      layers, [](const Layer& layer) { return !layer.backward_weight.empty(); });
  if (known_apart) return;
  const bool listed = config.model_kind == "layers";
  throw config.source->error(
      listed ? "/model/layers" : "/model/kind",
      "must state the backward in two parts for a schedule that runs I and W "
      "apart",
      "only their sum", listed ? hint : "a layers model can give both for each of its layers");
}

// Every time and every byte that can be reached is below these totals.
void check_totals(const Experiment& experiment) {
  const Config& config = experiment.config;
  const std::int64_t micro_batches = config.training.micro_batches;
  const int copies = experiment.schedule.bidirectional() ? 2 : 1;
  Time time;
  Bytes bytes = 0;
  for (const StageCost& stage : experiment.costs.stages) {
    const bool deferred = stage.deferred_micro_batches > 0;
    const Time split = capped_sum(stage.backward_input, deferred ? Time{} : stage.backward_weight);
    Time passes = capped_sum(stage.forward, deferred ? split : std::max(split, stage.backward));
    passes = capped_sum(passes, stage.overlapped.value_or(Time{}));
    passes = capped_sum(passes, capped_sum(stage.gather, stage.reduce));
    if (experiment.costs.recompute != Recompute::none) {
      passes = capped_sum(passes, stage.recompute);
    }
    const Time once = deferred ? stage.backward_weight : stage.optimizer;
    time = capped_sum(time, capped_sum(capped_product(passes, micro_batches), once));
    const Bytes messages = capped_sum(capped_sum(stage.output, stage.boundary), stage.workspace);
    const Bytes sharding = capped_sum(capped_sum(stage.gathered_layer, stage.unreduced_gradient),
                                      stage.unsharded_weights);
    const Bytes scratch = capped_sum(capped_sum(messages, stage.update_workspace), sharding);
    const Bytes kept = capped_product(std::max(stage.stash, stage.weight_stash), micro_batches);
    bytes = capped_sum(
        bytes, capped_product(capped_sum(capped_sum(stage.static_bytes(), kept), scratch), copies));
    time = capped_sum(time, capped_product(capped_sum(stage.gather, stage.reduce), 2));
  }
  for (int s = 0; s < experiment.schedule.stages(); ++s) {
    time = capped_sum(time, gradient_sum_time(experiment, s, copies, true));
  }
  time = capped_sum(time, shared_embedding_time(experiment));
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

// What the stages, wherever its schedule puts them, and their messages cost.
void cost(Experiment& experiment, SimulatedReplicas replicas) {
  experiment.costs = {.recompute = as_ops(experiment.config.pipeline.recompute)};
  CostedReplicas costed = cost_replicas(experiment.config, experiment.schedule, replicas);
  experiment.partition = std::move(costed.partition);
  experiment.costs.stages = std::move(costed.slowest.stages);
  experiment.capacity = std::move(costed.slowest.capacity);
  experiment.replicas = std::move(costed.groups);
  cost_hops(experiment);
  experiment.costs.links = link_routes(experiment.config, experiment.schedule);
  cost_sharding(experiment);
  check_split(experiment);
  check_totals(experiment);
}

void complete(Experiment& experiment) {
  experiment.schedule = complete_schedule(experiment.config, std::move(experiment.schedule));
}

Bytes fullest_device(const Experiment& experiment) {
  Bytes most = 0;
  for (const DeviceUse& use :
       Engine(experiment.schedule).run(experiment.costs, {}, false).devices) {
    most = std::max(most, use.peak);
  }
  return most;
}

// Why something can't be made; nothing where it can, and is.
template <class Make>
std::optional<std::string> reason_against(Make&& make) {
  try {
    make();
    return std::nullopt;
  } catch (const InputError& error) {
    return error.reason();
  }
}

// The partition made for memory is exact for stages that have a device to themselves. So it is held
// against the other kinds by what a simulation makes of each: it is never fuller than they are. The
// first of equals.
void complete_with_least_memory(Experiment& experiment, SimulatedReplicas replicas) {
  const Schedule order = std::move(experiment.schedule);
  Config config = std::move(experiment.config);  // As large as its model: there is one of it.
  std::optional<Experiment> best;
  std::vector<Partition> known;
  Bytes least = 0;
  for (const auto kind : {PartitionKind::memory, PartitionKind::uniform, PartitionKind::balanced}) {
    Experiment candidate{.config = std::move(config)};
    candidate.config.pipeline.partition = kind;
    candidate.schedule = order;
    const bool legal = !reason_against([&] { cost(candidate, replicas); }) &&
                       std::ranges::count(known, candidate.partition) == 0;
    if (legal) complete(candidate);
    config = std::move(candidate.config);
    if (!legal) continue;
    known.push_back(candidate.partition);
    const Bytes fullest = fullest_device(candidate);
    if (best && fullest >= least) continue;
    least = fullest;
    best = std::move(candidate);
  }
  if (best) experiment = *std::move(best);
  experiment.config = std::move(config);
  experiment.config.pipeline.partition = PartitionKind::memory;
  if (best) return;
  experiment.schedule = order;
  cost(experiment, replicas);  // The error is that of what was asked for.
  complete(experiment);
}

void set_plain_order(Experiment& experiment, Schedule order) {
  experiment.schedule = std::move(order);
  complete(experiment);
  choose_slowest_replica(experiment);
}

// An automatic order is made for a partition, and a partition for memory for an order. Of the
// orders that the automatic schedule has for each kind of partition, each with the partition that
// is best for it, the least full: so it is never fuller than with the other kinds.
void choose_with_least_memory(Experiment& experiment, const KnownSchedule& known,
                              SimulatedReplicas replicas) {
  const auto set_order = [replicas](Experiment& changed, Schedule order) {
    changed.schedule = std::move(order);
    complete_with_least_memory(changed, replicas);
    choose_slowest_replica(changed);
  };
  cost(experiment, replicas);
  Schedule best = choose_order(experiment, known, set_order);
  Bytes least = fullest_device(experiment);
  for (const auto kind : {PartitionKind::uniform, PartitionKind::balanced}) {
    Experiment other{.config = experiment.config};
    other.config.pipeline.partition = kind;
    other.schedule = schedule_before_costs(other.config);
    Schedule order;
    const auto choose = [&] {
      cost(other, replicas);
      order = choose_order(other, known, set_plain_order);
    };
    if (reason_against(choose)) continue;
    set_order(experiment, order);
    const Bytes fullest = fullest_device(experiment);
    if (fullest >= least) continue;
    least = fullest;
    best = std::move(order);
  }
  set_order(experiment, std::move(best));
}

bool partition_follows_order(const Config& config) {
  return config.pipeline.partition == PartitionKind::memory &&
         std::holds_alternative<Network>(config.model);
}

}  // namespace

Experiment assemble(Config config, SimulatedReplicas replicas) {
  check_schedule_size(config, {}, replicas == SimulatedReplicas::each);
  Experiment experiment{.config = std::move(config)};
  experiment.schedule = schedule_before_costs(experiment.config);
  const bool follows = partition_follows_order(experiment.config);
  const KnownSchedule* automatic = automatic_of(experiment.config);
  if (automatic != nullptr && follows) {
    choose_with_least_memory(experiment, *automatic, replicas);
  } else if (automatic != nullptr) {
    cost(experiment, replicas);
    choose_order(experiment, *automatic, set_plain_order);
  } else {
    if (!follows) cost(experiment, replicas);
    follows ? complete_with_least_memory(experiment, replicas) : complete(experiment);
    choose_slowest_replica(experiment);
  }
  experiment.bubble_formula = bubble_formula_of(experiment.config, experiment.costs);
  return experiment;
}

Attempt try_assemble(const Config& config) {
  Attempt attempt;
  const std::optional<std::string> refusal =
      reason_against([&] { attempt.experiment = assemble(config); });
  attempt.reason = refusal.value_or("");
  return attempt;
}

}  // namespace pipesim

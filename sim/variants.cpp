#include "sim/variants.hpp"

#include <fmt/format.h>

#include "schedules/catalog.hpp"

namespace pipesim {

namespace {

template <class T>
PerStage<T> total(const PerStage<T>& values, int stages) {
  T sum{};
  for (int s = 0; s < stages; ++s) sum = capped_sum(sum, values[s]);
  return {.values = {sum}};
}

StageCosts as_one_stage(const StageCosts& costs, int stages) {
  StageCosts one{.forward = total(costs.forward, stages),
                 .backward = total(costs.backward, stages),
                 .recompute = total(costs.recompute, stages),
                 .stash = total(costs.stash, stages),
                 .boundary = {.values = {costs.boundary[0]}},
                 .parameters = total(costs.parameters, stages)};
  return one;
}

Variant with_schedule(const Config& config, std::string_view schedule, Recompute recompute) {
  Variant variant{.name = std::string(schedule), .config = config};
  variant.config.pipeline.schedule = schedule;
  variant.config.pipeline.recompute = recompute;
  return variant;
}

}  // namespace

Variant data_parallel_variant(const Config& config, Recompute recompute) {
  Variant variant{.name = "data parallel", .config = config};
  Config& parallel = variant.config;
  const int stages = config.pipeline.all_stages();
  const int replicas = config.cluster.devices;
  const std::int64_t samples = config.training.batch_size * config.training.data_parallel;
  const std::int64_t micro_batches =
      std::int64_t{config.training.micro_batches} * config.training.data_parallel;

  parallel.pipeline.stages = 1;
  parallel.pipeline.virtual_stages = 1;
  parallel.pipeline.recompute = recompute;
  parallel.pipeline.partition = PartitionKind::uniform;
  parallel.pipeline.layer_counts.clear();
  parallel.training.data_parallel = replicas;
  if (config.cluster.kinds.size() > 1) {
    variant.reason = "the devices differ";
  } else if (const auto* costs = std::get_if<StageCosts>(&config.model)) {
    if (micro_batches % replicas != 0) {
      variant.reason =
          fmt::format("{} micro-batches do not divide among {} devices", micro_batches, replicas);
    }
    parallel.model = as_one_stage(*costs, stages);
    parallel.pipeline.schedule = "1f1b";
    parallel.training.micro_batches = static_cast<int>(micro_batches / replicas);
    parallel.training.batch_size = samples / replicas;
  } else {
    if (samples % replicas != 0) {
      variant.reason = fmt::format("{} samples do not divide among {} devices", samples, replicas);
    }
    parallel.training.micro_batches = 1;
    parallel.training.batch_size = samples / replicas;
    parallel.training.micro_batch_size = samples / replicas;
  }
  return variant;
}

std::vector<Variant> contrasts(const Config& config) {
  std::vector<Variant> variants;
  for (const Recompute recompute : {Recompute::none, Recompute::full}) {
    for (const KnownSchedule& schedule : known_schedules()) {
      variants.push_back(with_schedule(config, schedule.name, recompute));
    }
    variants.push_back(data_parallel_variant(config, recompute));
  }
  return variants;
}

std::vector<Variant> smaller_variants(const Config& config) {
  std::vector<Variant> variants;
  const auto add = [&](Config changed, std::string setting) {
    variants.push_back({.name = changed.pipeline.schedule,
                        .setting = std::move(setting),
                        .config = std::move(changed)});
  };
  Config changed = config;
  std::string setting;
  const auto set = [&](std::string_view key_and_value) {
    setting += fmt::format("{}--set {}", setting.empty() ? "" : " ", key_and_value);
    add(changed, setting);
  };
  if (config.has_layers() && config.pipeline.partition != PartitionKind::memory) {
    Config even = config;
    even.pipeline.partition = PartitionKind::memory;
    add(even, "--set pipeline.partition=memory");
  }
  if (config.pipeline.schedule != "1f1b") {
    changed.pipeline.schedule = "1f1b";
    set("pipeline.schedule=1f1b");
  }
  if (config.pipeline.recompute == Recompute::none) {
    if (config.pipeline.schedule != "1f1b") {
      Config recomputed = config;
      recomputed.pipeline.recompute = Recompute::full;
      add(recomputed, "--set pipeline.recompute=full");
    }
    changed.pipeline.recompute = Recompute::full;
    set("pipeline.recompute=full");
  }
  if (!config.has_layers()) return variants;

  if (config.pipeline.partition != PartitionKind::memory) {
    changed.pipeline.partition = PartitionKind::memory;
    set("pipeline.partition=memory");
  }
  if (config.training.micro_batch_size > 1) {
    changed.training.micro_batches = static_cast<int>(config.training.batch_size);
    changed.training.micro_batch_size = 1;
    set(fmt::format("pipeline.micro_batches={}", changed.training.micro_batches));
  }
  const auto layers = static_cast<int>(std::get<Network>(config.model).layers.size());
  for (int stages = 2 * config.pipeline.stages;
       config.cluster.kinds.size() == 1 && stages <= layers; stages *= 2) {
    Config wider = changed;
    wider.pipeline.stages = stages;
    wider.cluster.devices = stages * config.training.data_parallel;
    add(wider, fmt::format("{} --set pipeline.stages={} --set cluster.devices={}", setting, stages,
                           wider.cluster.devices));
  }
  return variants;
}

}  // namespace pipesim

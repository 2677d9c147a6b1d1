#include "sim/variants.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iterator>
#include <limits>

#include "schedules/catalog.hpp"

namespace pipesim {

namespace {

// The same model with another number of stages on each device.
void cut_for(int virtual_stages, Variant& variant) {
  PipelineSettings& pipeline = variant.config.pipeline;
  const int stages = pipeline.all_stages();
  if (virtual_stages == pipeline.virtual_stages) return;
  pipeline.virtual_stages = virtual_stages;
  const int wanted = pipeline.all_stages();
  if (auto* costs = std::get_if<StageCosts>(&variant.config.model)) {
    if (wanted % stages != 0 && stages % wanted != 0) {
      variant.reason = fmt::format("{} stages cannot be cut into {}", stages, wanted);
    } else {
      *costs = recut(*costs, stages, wanted);
    }
    return;
  }
  const std::size_t layers = std::get<Network>(variant.config.model).layers.size();
  if (static_cast<std::size_t>(wanted) > layers) {
    variant.reason = fmt::format("needs {} stages of the model's {} layers", wanted, layers);
  } else if (pipeline.partition == PartitionKind::listed) {
    variant.reason = fmt::format("needs {} stages, the partition lists {}", wanted, stages);
  }
}

Variant with_schedule(const Config& config, const KnownSchedule& schedule, Recompute recompute) {
  Variant variant{.name = std::string(schedule.name), .config = config};
  PipelineSettings& pipeline = variant.config.pipeline;
  pipeline.schedule = schedule.name;
  pipeline.file.reset();
  pipeline.recompute = recompute;
  if (!schedule.automatic) pipeline.memory_limit.reset();
  if (recompute != Recompute::none) variant.config.training.deferred_weight_gradient = false;
  const bool takes_them = schedule.any_virtual_stages && pipeline.virtual_stages > 1;
  const bool usual = schedule.virtual_stages > 1 || config.pipeline.schedule == schedule.name;
  if (!takes_them || !usual) {
    cut_for(schedule.virtual_stages, variant);
  }
  return variant;
}

Variant as_brought(const Config& config, Recompute recompute) {
  Variant variant{.name = std::filesystem::path(config.pipeline.file->name).stem().string(),
                  .config = config};
  variant.config.pipeline.recompute = recompute;
  return variant;
}

// Whether the replicas hold states that they could divide.
bool repeats_states(const Training& training) {
  const bool has_states = states_per_parameter(training.optimizer) > 0 ||
                          training.optimizer_precision != training.precision ||
                          training.bytes_per_parameter.has_value();
  return has_states && training.parallel.zero_stage == 0 &&
         std::int64_t{training.data_parallel} * training.parallel.context > 1;
}

// What keeps least: many layers are in memory one after the other only where each is made again.
Recompute most_recomputation(const Config& config) {
  return config.transformer ? Recompute::layers : Recompute::full;
}

bool can_share(const Transformer& model, int tensor, int context) {
  return model.heads % tensor == 0 && model.query_groups % (tensor * context) == 0 &&
         model.ffn_hidden % tensor == 0 && model.sequence % (tensor * context) == 0;
}

// The same with more devices to each stage, which share sequences, too.
Config share_layers(Config config, int tensor) {
  config.training.parallel.tensor = tensor;
  config.training.parallel.sequence = true;
  config.model = transformer_network(*config.transformer, config.training);
  return config;
}

// Tensor parallelism stays inside a node. As many devices with fewer stages, then more of them.
std::vector<Variant> tensor_variants(const Config& config) {
  std::vector<Variant> variants;
  if (!config.transformer) return variants;
  constexpr int usual_node = 8;
  const int node = config.cluster.nodes ? config.cluster.nodes->node_size : usual_node;
  const Parallelism& now = config.training.parallel;
  for (int factor = 2; now.tensor * factor <= node; factor *= 2) {
    const int tensor = now.tensor * factor;
    if (!can_share(*config.transformer, tensor, now.context)) continue;
    const std::string setting =
        fmt::format("training.tensor_parallel={} --set training.sequence_parallel=true", tensor);
    if (config.pipeline.stages % factor == 0) {
      Config fewer = share_layers(config, tensor);
      fewer.pipeline.stages /= factor;
      variants.push_back(
          {.setting = fmt::format("{} --set pipeline.stages={}", setting, fewer.pipeline.stages),
           .config = std::move(fewer)});
    }
    if (config.cluster.devices > std::numeric_limits<int>::max() / factor) continue;
    Config more = share_layers(config, tensor);
    more.cluster.devices *= factor;
    variants.push_back(
        {.setting = fmt::format("{} --set cluster.devices={}", setting, more.cluster.devices),
         .config = std::move(more)});
  }
  return variants;
}

}  // namespace

Variant data_parallel_variant(const Config& config, Recompute recompute) {
  Variant variant{.name = "data parallel", .config = config};
  Config& parallel = variant.config;
  const int stages = config.pipeline.all_stages();
  const int replicas = config.pipeline.stages * config.training.data_parallel;
  const std::int64_t samples = config.training.batch_size * config.training.data_parallel;
  const std::int64_t micro_batches =
      std::int64_t{config.training.micro_batches} * config.training.data_parallel;

  parallel.pipeline = {.schedule = "1f1b", .recompute = recompute};
  parallel.training.data_parallel = replicas;
  parallel.training.deferred_weight_gradient = false;
  if (config.cluster.uneven()) {
    variant.reason = "the devices differ";
  } else if (const auto* costs = std::get_if<StageCosts>(&config.model)) {
    if (micro_batches % replicas != 0) {
      variant.reason =
          fmt::format("{} micro-batches do not divide among {} devices", micro_batches, replicas);
    }
    parallel.model = recut(*costs, stages, 1);
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
  std::vector<Recompute> settings{Recompute::none, Recompute::full};
  const Recompute own = config.pipeline.recompute;
  if (as_ops(own) != own) settings.push_back(own);  // Not every model has it.
  for (const Recompute recompute : settings) {
    if (config.pipeline.file != nullptr) variants.push_back(as_brought(config, recompute));
    for (const KnownSchedule& schedule : known_schedules()) {
      variants.push_back(with_schedule(config, schedule, recompute));
    }
    variants.push_back(data_parallel_variant(config, recompute));
  }
  return variants;
}

std::vector<Variant> smaller_variants(const Config& config) {
  std::vector<Variant> variants;
  const auto* network = std::get_if<Network>(&config.model);
  const std::int64_t layers = network == nullptr ? 0 : std::ssize(network->layers);
  const auto add = [&](Config changed, std::string setting) {
    variants.push_back({.name = changed.pipeline.schedule,
                        .setting = std::move(setting),
                        .config = std::move(changed)});
  };
  // Each builds on what the ones before it have set.
  Config changed = config;
  std::string setting;
  const auto with = [&](std::string_view key_and_value) {
    return fmt::format("{}{}--set {}", setting, setting.empty() ? "" : " ", key_and_value);
  };
  const auto set = [&](std::string_view key_and_value) {
    setting = with(key_and_value);
    add(changed, setting);
  };
  constexpr double quick_search = 2e7;
  const bool can_partition =
      config.pipeline.partition != PartitionKind::memory && layers > 0 &&
      0.5 * config.pipeline.stages * static_cast<double>(layers * layers) <= quick_search;
  if (can_partition) {
    Config even = config;
    even.pipeline.partition = PartitionKind::memory;
    add(even, "--set pipeline.partition=memory");
  }
  // What re-computation needs, and before it no schedule holds less than another.
  if (config.training.deferred_weight_gradient) {
    changed.training.deferred_weight_gradient = false;
    set("training.weight_gradient=accumulated");
  }
  if (repeats_states(config.training)) {
    changed.training.parallel.zero_stage = 1;
    set("training.zero_stage=1");
  }
  const Parallelism& parallel = config.training.parallel;
  if (config.transformer && parallel.tensor > 1 && !parallel.sequence &&
      can_share(*config.transformer, parallel.tensor, parallel.context)) {
    changed = share_layers(changed, parallel.tensor);
    set("training.sequence_parallel=true");
  }
  const Config accumulated = changed;
  const Recompute recompute = most_recomputation(config);
  const std::string recompute_key = fmt::format("pipeline.recompute={}", name_of(recompute));
  const std::string recompute_setting = with(recompute_key);
  // A file can't be unset, and other schedules may need the model cut another way.
  const bool other = config.pipeline.schedule != "1f1b" && config.pipeline.file == nullptr &&
                     config.pipeline.virtual_stages == 1 && !config.pipeline.memory_limit;
  if (other) {
    changed.pipeline.schedule = "1f1b";
    set("pipeline.schedule=1f1b");
  }
  if (config.pipeline.recompute == Recompute::none) {
    if (other) {
      Config recomputed = accumulated;
      recomputed.pipeline.recompute = recompute;
      add(recomputed, recompute_setting);
    }
    if (config.transformer && !config.transformer->flash_attention) {
      Config selected = changed;
      selected.pipeline.recompute = Recompute::selective;
      add(selected, with("pipeline.recompute=selective"));
    }
    changed.pipeline.recompute = recompute;
    set(recompute_key);
  }
  if (can_partition) {
    changed.pipeline.partition = PartitionKind::memory;
    set("pipeline.partition=memory");
  }
  const std::int64_t batch = config.training.batch_size;
  if (layers > 0 && config.training.micro_batch_size > 1 &&
      batch <= std::numeric_limits<int>::max()) {
    changed.training.micro_batches = static_cast<int>(batch);
    changed.training.micro_batch_size = 1;
    set(fmt::format("pipeline.micro_batches={}", batch));
  }
  const bool described = config.cluster.uneven() || config.cluster.topology != nullptr;
  if (described || changed.pipeline.partition == PartitionKind::listed) {  // For these devices.
    return variants;
  }
  const std::int64_t most_stages = layers / config.pipeline.virtual_stages;
  for (std::int64_t stages = 2 * std::int64_t{config.pipeline.stages}; stages <= most_stages;
       stages *= 2) {
    Config wider = changed;
    wider.pipeline.stages = static_cast<int>(stages);
    const std::int64_t devices = rank_grid(wider).ranks();
    if (devices > std::numeric_limits<int>::max()) break;
    wider.cluster.devices = static_cast<int>(devices);
    add(wider, with(fmt::format("pipeline.stages={} --set cluster.devices={}", stages, devices)));
  }
  for (Variant& shared : tensor_variants(config)) {
    add(std::move(shared.config), "--set " + shared.setting);
  }
  if (setting.empty()) return variants;
  for (Variant& shared : tensor_variants(changed)) {
    add(std::move(shared.config), with(shared.setting));
  }
  return variants;
}

}  // namespace pipesim

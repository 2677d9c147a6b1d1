#include "sim/variants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "schedules/catalog.hpp"
#include "sim/config_schedule.hpp"

namespace pipesim {

namespace {

template <class Value>
std::string setting(std::string_view key, const Value& value) {
  return fmt::format("{}={}", key, value);
}

void append(Settings& settings, Settings more) {
  std::ranges::move(more, std::back_inserter(settings));
}

// The config read again, as the command line would with these settings, too.
Config read_again(const Config& config, const Settings& settings) {
  const Document document = with_settings({.root = config.text, .source = config.source}, settings);
  const bool same_model = std::ranges::none_of(
      settings, [](const std::string& setting) { return setting.starts_with("model"); });
  return same_model ? read_config_like(document, default_virtual_stages, config)
                    : read_config(document, default_virtual_stages);
}

Variant read(const Config& config, Variant variant) {
  if (!variant.reason.empty()) variant.settings.clear();
  variant.as_given = variant.settings.empty() && variant.reason.empty();
  if (variant.as_given) variant.config = config;
  if (variant.settings.empty()) return variant;
  try {
    variant.config = read_again(config, variant.settings);
  } catch (const InputError& error) {
    variant.reason = error.reason();
  }
  return variant;
}

std::string text_of(Time time) {
  constexpr double ps_per_second = 1e12;
  return nlohmann::json(static_cast<double>(time.ps) / ps_per_second).dump();
}
std::string text_of(Bytes bytes) {
  return std::to_string(bytes);
}

// One value where all are the same, else a list.
template <class T>
std::string text_of(const PerStage<T>& values) {
  const T& first = values.values.front();
  if (std::ranges::all_of(values.values, [&](const T& value) { return value == first; })) {
    return text_of(first);
  }
  std::string list;
  for (const T& value : values.values) list += (list.empty() ? "[" : ",") + text_of(value);
  return list + "]";
}

// What a stage_costs model is cut into, key by key as far as it gives them: what it leaves out
// follows from the others.
Settings recut_settings(const Config& config, int wanted) {
  const auto& costs = std::get<StageCosts>(config.model);
  const StageCosts cut = recut(costs, config.pipeline.all_stages(), wanted);
  const nlohmann::json& model = config.text->at("model");
  Settings settings;
  const auto add = [&](const std::string& key, const auto& values) {
    const auto given = model.find(key);
    if (given == model.end() || given->is_null()) return;
    settings.push_back(setting("model." + key, text_of(values)));
  };
  add("forward", cut.forward);
  add("backward", cut.backward);
  if (cut.backward_input) add("backward_input", *cut.backward_input);
  if (cut.backward_weight) add("backward_weight", *cut.backward_weight);
  add("recompute", cut.recompute);
  if (cut.overlapped) add("overlapped", *cut.overlapped);
  add("transfer", cut.transfer);
  add("stash_bytes", cut.stash);
  add("weight_stash_bytes", cut.weight_stash);
  add("boundary_bytes", cut.boundary);
  add("parameter_bytes", cut.parameters);
  return settings;
}

// The same model with another number of stages on each device. `unset` is what the config would
// have without a word about it.
void cut_for(const Config& config, int virtual_stages, int unset, Variant& variant) {
  const PipelineSettings& pipeline = config.pipeline;
  variant.virtual_stages = virtual_stages;
  if (virtual_stages != (pipeline.virtual_stages_given ? pipeline.virtual_stages : unset)) {
    variant.settings.push_back(setting("pipeline.virtual_stages", virtual_stages));
  }
  if (config.has_layers() || virtual_stages == pipeline.virtual_stages) return;
  const int stages = pipeline.all_stages();
  const std::int64_t wanted = std::int64_t{pipeline.stages} * virtual_stages;
  if (wanted > std::numeric_limits<int>::max() || (wanted % stages != 0 && stages % wanted != 0)) {
    variant.reason = fmt::format("{} stages cannot be cut into {}", stages, wanted);
    return;
  }
  append(variant.settings, recut_settings(config, static_cast<int>(wanted)));
}

// Re-computation needs a weight gradient that is not deferred.
void recompute_in(const Config& config, Recompute recompute, Variant& variant) {
  variant.recompute = recompute;
  variant.deferred_weight_gradient =
      config.training.deferred_weight_gradient && recompute == Recompute::none;
  if (recompute != config.pipeline.recompute) {
    variant.settings.push_back(setting("pipeline.recompute", name_of(recompute)));
  }
  if (variant.deferred_weight_gradient != config.training.deferred_weight_gradient) {
    variant.settings.emplace_back("training.weight_gradient=accumulated");
  }
}

void schedule_in(const Config& config, const KnownSchedule& schedule, Variant& variant) {
  const PipelineSettings& pipeline = config.pipeline;
  if (pipeline.file != nullptr || pipeline.schedule != schedule.name) {
    variant.settings.push_back(setting("pipeline.schedule", schedule.name));
  }
  if (pipeline.memory_limit && !schedule.automatic) {
    variant.settings.emplace_back("pipeline.memory_limit=null");
  }
}

Variant with_schedule(const Config& config, const KnownSchedule& schedule, Recompute recompute) {
  const int own = config.pipeline.virtual_stages;
  Variant variant{.name = std::string(schedule.name)};
  schedule_in(config, schedule, variant);
  recompute_in(config, recompute, variant);
  const bool usual = schedule.virtual_stages > 1 || config.pipeline.schedule == schedule.name;
  cut_for(config, schedule.any_virtual_stages && own > 1 && usual ? own : schedule.virtual_stages,
          schedule.virtual_stages, variant);
  return read(config, std::move(variant));
}

// Its own schedule, by name or brought as a file.
Variant as_brought(const Config& config, Recompute recompute) {
  const PipelineSettings& pipeline = config.pipeline;
  Variant variant{.name = pipeline.file == nullptr
                              ? pipeline.schedule
                              : std::filesystem::path(pipeline.file->name).stem().string(),
                  .virtual_stages = pipeline.virtual_stages};
  recompute_in(config, recompute, variant);
  return read(config, std::move(variant));
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

// A list of layer counts is of its number of stages.
void stages_in(const Config& config, std::int64_t stages, Settings& settings) {
  settings.push_back(setting("pipeline.stages", stages));
  if (config.pipeline.partition == PartitionKind::listed) {
    settings.emplace_back("pipeline.partition=uniform");
  }
}

// Tensor parallelism stays inside a node. As many devices with fewer stages, then more of them.
std::vector<Settings> tensor_settings(const Config& config) {
  std::vector<Settings> all;
  if (!config.transformer) return all;
  constexpr int usual_node = 8;
  const int node = config.cluster.nodes ? config.cluster.nodes->node_size : usual_node;
  const std::int64_t now = config.training.parallel.tensor;
  for (std::int64_t factor = 2; now * factor <= node; factor *= 2) {
    const Settings shared{setting("training.tensor_parallel", now * factor),
                          "training.sequence_parallel=true"};
    if (config.pipeline.stages % factor == 0) {
      stages_in(config, config.pipeline.stages / factor, all.emplace_back(shared));
    }
    all.emplace_back(shared).push_back(setting("cluster.devices", config.cluster.devices * factor));
  }
  return all;
}

// By number or by size, as the config has it.
void micro_batches_in(const Config& config, std::int64_t samples, std::int64_t micro_batches,
                      Settings& settings) {
  const PipelineSettings& pipeline = config.pipeline;
  if (!pipeline.micro_batch_size) {
    return settings.push_back(setting("pipeline.micro_batches", micro_batches));
  }
  if (pipeline.micro_batches) settings.emplace_back("pipeline.micro_batches=null");
  settings.push_back(setting("pipeline.micro_batch_size", samples / micro_batches));
}

// Settings that build on each other, and those that branch off.
class Ladder {
 public:
  explicit Ladder(const Config& config) : given_(config) {}

  const Config& reached() const { return reached_ ? variants_[*reached_].config : given_; }
  bool has_moved() const { return !settings_.empty(); }
  std::vector<Variant> variants() && { return std::move(variants_); }

  /// Whether the config can have them beside those reached so far. Then they are a variant.
  bool branch(const Settings& settings) { return add(behind(settings_, settings)); }
  /// The same from the config as it was given.
  bool alone(const Settings& settings) { return add(settings); }
  /// The same, and the next builds on it.
  void step(const Settings& settings) {
    if (!branch(settings)) return;
    settings_ = variants_.back().settings;
    reached_ = variants_.size() - 1;
  }
  /// The settings reached so far, which others may be put behind.
  const Settings& settings() const { return settings_; }

  static Settings behind(Settings settings, const Settings& more) {
    append(settings, more);
    return settings;
  }

 private:
  const Config& given_;
  std::optional<std::size_t> reached_{};  // Among the variants; none: the config as it was given.
  Settings settings_{};
  std::vector<Variant> variants_{};

  bool add(Settings settings) {
    Variant variant = read(given_, {.settings = std::move(settings)});
    if (!variant.reason.empty()) return false;
    variant.name = variant.config.pipeline.schedule;
    variants_.push_back(std::move(variant));
    return true;
  }
};

// Another order, and what it computes again. Who brings an order wants it, and other schedules may
// need the model cut another way.
void change_order(const Config& config, Ladder& ladder) {
  const Settings before_schedule = ladder.settings();
  const bool other = config.pipeline.schedule != "1f1b" && config.pipeline.file == nullptr &&
                     config.pipeline.virtual_stages == 1 && !config.pipeline.memory_limit;
  if (other) ladder.step({"pipeline.schedule=1f1b"});
  if (config.pipeline.recompute != Recompute::none) return;
  const std::string recompute = setting("pipeline.recompute", name_of(most_recomputation(config)));
  if (other) ladder.alone(Ladder::behind(before_schedule, {recompute}));
  if (config.transformer) ladder.branch({"pipeline.recompute=selective"});
  ladder.step({recompute});
}

// One sample at a time.
void divide_micro_batches(const Config& config, Ladder& ladder) {
  const std::int64_t batch = config.training.batch_size;
  if (!config.has_layers() || config.training.micro_batch_size == 1 ||
      batch > std::numeric_limits<int>::max()) {
    return;
  }
  Settings single;
  micro_batches_in(config, batch, batch, single);
  ladder.step(single);
}

// More stages, or more devices to each of them.
void change_devices(const Config& config, std::int64_t layers, Ladder& ladder) {
  const std::int64_t most_stages = layers / config.pipeline.virtual_stages;
  for (std::int64_t stages = 2 * std::int64_t{config.pipeline.stages}; stages <= most_stages;
       stages *= 2) {
    Settings wider;
    stages_in(ladder.reached(), stages, wider);
    wider.push_back(
        setting("cluster.devices", rank_grid(config).ranks() / config.pipeline.stages * stages));
    ladder.branch(wider);
  }
  for (const Settings& shared : tensor_settings(config)) ladder.alone(shared);
  if (!ladder.has_moved()) return;
  for (const Settings& shared : tensor_settings(ladder.reached())) ladder.branch(shared);
}

}  // namespace

Variant data_parallel_variant(const Config& config, Recompute recompute) {
  const PipelineSettings& pipeline = config.pipeline;
  const Training& training = config.training;
  const std::int64_t replicas = std::int64_t{pipeline.stages} * training.data_parallel;
  const std::int64_t samples = training.batch_size * training.data_parallel;
  const std::int64_t micro_batches = std::int64_t{training.micro_batches} * training.data_parallel;

  Variant variant{.name = "data parallel", .recompute = recompute};
  if (config.cluster.uneven()) {
    variant.reason = "the devices differ";
  } else if (!config.has_layers() && micro_batches % replicas != 0) {
    variant.reason =
        fmt::format("{} micro-batches do not divide among {} devices", micro_batches, replicas);
  } else if (samples % replicas != 0) {
    variant.reason = fmt::format("{} samples do not divide among {} devices", samples, replicas);
  }
  if (!variant.reason.empty()) return read(config, std::move(variant));

  schedule_in(config, *find_schedule("1f1b"), variant);
  stages_in(config, 1, variant.settings);
  if (pipeline.virtual_stages_given && pipeline.virtual_stages > 1) {
    variant.settings.emplace_back("pipeline.virtual_stages=1");
  }
  if (!config.has_layers()) append(variant.settings, recut_settings(config, 1));
  if (recompute != pipeline.recompute) {
    variant.settings.push_back(setting("pipeline.recompute", name_of(recompute)));
  }
  if (training.deferred_weight_gradient) {
    variant.settings.emplace_back("training.weight_gradient=accumulated");
  }
  append(variant.settings, {setting("training.data_parallel", replicas),
                            setting("training.batch_size", samples / replicas)});
  micro_batches_in(config, samples / replicas, config.has_layers() ? 1 : micro_batches / replicas,
                   variant.settings);
  return read(config, std::move(variant));
}

std::vector<Variant> contrasts(const Config& config) {
  std::vector<Variant> variants;
  std::vector<Recompute> settings{Recompute::none, Recompute::full};
  const Recompute own = config.pipeline.recompute;
  if (own != Recompute::none && own != Recompute::full) settings.push_back(own);
  for (const Recompute recompute : settings) {
    if (config.pipeline.file != nullptr) variants.push_back(as_brought(config, recompute));
    for (const KnownSchedule& schedule : known_schedules()) {
      variants.push_back(with_schedule(config, schedule, recompute));
    }
    variants.push_back(data_parallel_variant(config, recompute));
  }
  if (std::ranges::none_of(variants, &Variant::as_given)) {
    variants.insert(variants.begin(), as_brought(config, own));
  }
  return variants;
}

std::vector<Variant> smaller_variants(const Config& config) {
  const auto* network = std::get_if<Network>(&config.model);
  const std::int64_t layers = network == nullptr ? 0 : std::ssize(network->layers);
  Ladder ladder(config);
  constexpr double quick_search = 2e7;
  const bool can_partition =
      config.pipeline.partition != PartitionKind::memory && layers > 0 &&
      0.5 * config.pipeline.stages * static_cast<double>(layers * layers) <= quick_search;
  if (can_partition) ladder.alone({"pipeline.partition=memory"});
  // What re-computation needs, and before it no schedule holds less than another.
  if (config.training.deferred_weight_gradient) {
    ladder.step({"training.weight_gradient=accumulated"});
  }
  if (repeats_states(config.training)) ladder.step({"training.zero_stage=1"});
  if (config.training.parallel.tensor > 1 && !config.training.parallel.sequence) {
    ladder.step({"training.sequence_parallel=true"});
  }
  change_order(config, ladder);
  if (can_partition) ladder.step({"pipeline.partition=memory"});
  divide_micro_batches(config, ladder);
  // Uneven devices and a topology were described for their number.
  const bool described = config.cluster.uneven() || config.cluster.topology != nullptr;
  if (!described) change_devices(config, layers, ladder);
  return std::move(ladder).variants();
}

}  // namespace pipesim

#include "sim/whatif/smaller_variants.hpp"

#include <limits>
#include <optional>
#include <utility>

namespace pipesim {

namespace {

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
    Variant variant = read_variant(given_, {.settings = std::move(settings)});
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

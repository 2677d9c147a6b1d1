#include "sim/whatif/variants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "schedules/orders/catalog.hpp"

namespace pipesim {

namespace {

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
  const auto& costs = std::get<GivenStages>(config.model);
  const GivenStages cut = recut(costs, config.pipeline.all_stages(), wanted);
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

// Sets another number of stages on each device. `unset` is the number that a config without the key
// has.
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
  return read_variant(config, std::move(variant));
}

// The config's own schedule, named or read from a file.
Variant as_brought(const Config& config, Recompute recompute) {
  const PipelineSettings& pipeline = config.pipeline;
  Variant variant{.name = pipeline.file == nullptr
                              ? pipeline.schedule
                              : std::filesystem::path(pipeline.file->name).stem().string(),
                  .virtual_stages = pipeline.virtual_stages};
  recompute_in(config, recompute, variant);
  return read_variant(config, std::move(variant));
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
  if (!variant.reason.empty()) return read_variant(config, std::move(variant));

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
  return read_variant(config, std::move(variant));
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

}  // namespace pipesim

#include "models/config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "models/keys/config_keys.hpp"
#include "models/keys/model_kinds.hpp"
#include "models/keys/unknown_keys.hpp"
#include "models/network/amoebanet_d.hpp"
#include "models/network/layer_list.hpp"
#include "models/network/mlp.hpp"
#include "models/profile/profile_model.hpp"
#include "models/transformer/transformer.hpp"

namespace pipesim {

namespace {

using Model = std::variant<GivenStages, Network>;

struct ModelReader {
  std::string_view kind;  // One of known_model_kinds().
  std::function<Model(const Field&, const PipelineSettings&, const Training&)> read;
  bool by_itself = false;  // Whether it looks at its section alone.
};

// A W of its own needs a time of its own, and without knowing better all of the stash waits for it.
GivenStages read_given_stages_for(const Training& training, const Field& model, int stages) {
  if (!training.deferred_weight_gradient) return read_given_stages(model, stages);
  for (const std::string_view key : {"backward_input", "backward_weight"}) {
    model.at(key, "a deferred weight_gradient runs I and W apart: give both their times");
  }
  GivenStages costs = read_given_stages(model, stages);
  if (!model.find("weight_stash_bytes")) costs.weight_stash = costs.stash;
  return costs;
}

const std::vector<ModelReader>& model_readers() {
  static const std::vector<ModelReader> readers = {
      {"stage_costs",
       [](const Field& field, const PipelineSettings& pipeline, const Training& training) -> Model {
         return read_given_stages_for(training, field, pipeline.all_stages());
       }},
      {"mlp",
       [](const Field& field, const PipelineSettings&, const Training& training) -> Model {
         return mlp_network(read_mlp(field), training.precision);
       }},
      {"transformer",
       [](const Field& field, const PipelineSettings&, const Training& training) -> Model {
         return transformer_network(read_transformer(field, training), training);
       }},
      {"amoebanet_d",
       [](const Field& field, const PipelineSettings&, const Training& training) -> Model {
         return amoebanet_d_network(read_amoebanet_d(field), training.precision);
       }},
      {"layers",
       [](const Field& field, const PipelineSettings&, const Training&) -> Model {
         return read_layer_list(field);
       },
       true},
      {"profile",
       [](const Field& field, const PipelineSettings&, const Training&) -> Model {
         return read_profile(field);
       },
       true},
  };
  return readers;
}

Model read_model(const Field& field, const PipelineSettings& pipeline, const Training& training,
                 const Config* like) {
  const Field kind = field.at("kind", "the kind of model: mlp, transformer, …: pipesim list");
  std::vector<std::string> names;
  for (const ModelKind& known : known_model_kinds()) names.emplace_back(known.name);
  const std::string name = kind.choice("model kinds", names);
  for (const ModelReader& reader : model_readers()) {
    if (reader.kind != name) continue;
    return like != nullptr && reader.by_itself ? like->model
                                               : reader.read(field, pipeline, training);
  }
  throw std::logic_error("a kind of model without a reader");
}

// What only some kinds of model can compute again inside a backward.
void check_recompute(const Field& root, const Config& config) {
  const Recompute recompute = config.pipeline.recompute;
  if (as_ops(recompute) == recompute) return;
  const Field field = root.at("pipeline", "").at("recompute", "");
  const std::string_view hint = config.transformer
                                    ? "fused attention keeps none: choose \"layers\" or \"none\""
                                    : "choose \"none\", \"full\" or \"except_last\"";
  if (!config.has_layers()) {
    throw field.error("computes layers again, and a stage_costs model has stages", hint);
  }
  const std::vector<Layer>& layers = std::get<Network>(config.model).layers;
  const bool has_any =
      std::ranges::any_of(layers, [](const Layer& layer) { return !layer.recomputed.empty(); });
  if (recompute == Recompute::selective && !has_any) {
    throw field.error("selects the scores of attention, which this model does not keep", hint);
  }
}

// The first and the last device's layers as they are given, the rest shared equally.
void share_rest(const Field& root, Config& config) {
  PipelineSettings& pipeline = config.pipeline;
  if (!pipeline.first_layers && !pipeline.last_layers) return;
  const Field section = root.at("pipeline", "");
  const Field key = section.at(pipeline.first_layers ? "num_layers_in_first_pipeline_stage"
                                                     : "num_layers_in_last_pipeline_stage",
                               "");
  if (!config.has_layers()) throw key.error("has nothing to share", "this model has no layers");
  const auto layers = static_cast<int>(std::get<Network>(config.model).layers.size());
  const std::int64_t given =
      std::int64_t{pipeline.first_layers.value_or(0)} + pipeline.last_layers.value_or(0);
  const int others =
      (pipeline.stages - (pipeline.first_layers ? 1 : 0) - (pipeline.last_layers ? 1 : 0)) *
      pipeline.virtual_stages;
  const std::int64_t rest = layers - given;
  const bool divides = others > 0 ? rest >= others && rest % others == 0 : rest == 0;
  if (others < 0 || !divides) {
    throw key.error(fmt::format("leaves {} of the model's {} layers for the other {} stages", rest,
                                layers, std::max(others, 0)),
                    "they share them equally, and every stage has at least one");
  }
  pipeline.partition = PartitionKind::listed;
  for (int stage = 0; stage < pipeline.all_stages(); ++stage) {
    const int device = stage % pipeline.stages;
    const bool first = device == 0 && pipeline.first_layers.has_value();
    const bool last = device + 1 == pipeline.stages && pipeline.last_layers.has_value();
    pipeline.layer_counts.push_back(first  ? *pipeline.first_layers / pipeline.virtual_stages
                                    : last ? *pipeline.last_layers / pipeline.virtual_stages
                                           : static_cast<int>(rest / others));
  }
}

void check_layers(const Field& root, const Config& config) {
  const Field pipeline = root.at("pipeline", "");
  if (!config.has_layers()) {
    if (config.pipeline.partition_given) {
      throw pipeline.at("partition", "")
          .error("has nothing to partition", "a stage_costs model has stages, not layers");
    }
    return;
  }
  const auto layers = static_cast<int>(std::get<Network>(config.model).layers.size());
  const int stages = config.pipeline.all_stages();
  if (stages > layers && config.pipeline.virtual_stages > 1) {
    throw pipeline.at(config.pipeline.virtual_stages_given ? "virtual_stages" : "stages", "")
        .error(fmt::format("makes {} stages, {} on each device, of the model's {} layers", stages,
                           config.pipeline.virtual_stages, layers),
               "every stage has at least one layer");
  }
  if (stages > layers) {
    throw pipeline.at("stages", "")
        .error(fmt::format("must not exceed the model's number of layers, {}", layers),
               "every stage has at least one layer");
  }
  std::int64_t listed = 0;
  for (const int count : config.pipeline.layer_counts) listed += count;
  if (config.pipeline.partition == PartitionKind::listed && listed != layers) {
    throw pipeline.at("partition", "")
        .error(fmt::format("must add up to the model's {} layers", layers),
               fmt::format("these counts add up to {}", listed));
  }
}

// A measured backward is the time of both gradients together.
void check_weight_gradient(const Field& root, const Config& config) {
  const auto* network = std::get_if<Network>(&config.model);
  if (!config.training.deferred_weight_gradient || network == nullptr) return;
  const bool splits =
      std::any_of(network->layers.begin(), network->layers.end(),
                  [](const Layer& layer) { return !layer.backward_weight.empty(); });
  if (splits) return;
  throw root.at("training", "")
      .at("weight_gradient", "")
      .error(fmt::format("needs the weight gradient's own time, which a {} model does not state",
                         config.model_kind),
             "set weight_gradient to \"accumulated\", or describe the stages with a stage_costs "
             "model");
}

// The file's name. Bytes that are not UTF-8, which a file's name may hold, become U+FFFD.
std::string default_name(const Source& source) {
  using nlohmann::json;
  const json name = std::filesystem::path(source.file).stem().string();
  return json::parse(name.dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

Config read_sections(const Field& root, const DefaultVirtualStages& default_stages,
                     const Config* like) {
  root.allow_keys(keys_of(Section::config));
  Config config{.source = root.source()};
  const auto name = root.find("name");
  config.name = name ? name->text() : default_name(*root.source());
  const Field model =
      root.at("model", R"(for example {"kind": "mlp", "layer_sizes": [128, 256, 10]})");
  config.pipeline = read_pipeline(
      root.at("pipeline", R"(for example {"schedule": "gpipe", "stages": 4, "micro_batches": 8})"),
      default_stages);
  config.training = read_training(root, config.pipeline);
  config.model = read_model(model, config.pipeline, config.training, like);
  config.model_kind = model.at("kind", "").text();
  if (config.model_kind == "mlp") config.mlp = read_mlp(model);
  if (config.model_kind == "transformer") {
    config.transformer = read_transformer(model, config.training);
  }
  config.cluster = read_cluster(root, rank_grid(config));
  share_rest(root, config);
  check_layers(root, config);
  check_recompute(root, config);
  check_weight_gradient(root, config);
  return config;
}

Config read_like(const Document& document, const DefaultVirtualStages& default_stages,
                 const Config* like) {
  Config config = read_all(document, Section::config, [&](const Field& root) {
    return read_sections(root, default_stages, like);
  });
  config.text = document.root;
  return config;
}

}  // namespace

Config read_config(const Document& document, const DefaultVirtualStages& default_stages) {
  return read_like(document, default_stages, nullptr);
}

Config read_config_like(const Document& document, const DefaultVirtualStages& default_stages,
                        const Config& like) {
  return read_like(document, default_stages, &like);
}

RankGrid rank_grid(const Config& config) {
  return {.tensor = config.training.parallel.tensor,
          .context = config.training.parallel.context,
          .data = config.training.data_parallel,
          .pipeline = config.pipeline.stages,
          .order = config.cluster.order};
}

ExpertGrid expert_grid(const Config& config) {
  return {.tensor = expert_tensor_ranks(config.training),
          .expert = config.training.parallel.expert};
}

}  // namespace pipesim

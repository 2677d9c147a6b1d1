#include "reports/formats/model_json.hpp"

#include <nlohmann/json.hpp>

#include "models/cost/model_size.hpp"

namespace pipesim {

namespace {

using Json = nlohmann::ordered_json;

Json part_json(const PartCost& part) {
  return {{"part", part.name},
          {"parameters", part.parameters},
          {"parameter_bytes", part.parameter_bytes},
          {"forward_flops", part.forward_flops},
          {"backward_flops", part.backward_flops},
          {"forward_bytes_moved", part.forward_bytes},
          {"backward_bytes_moved", part.backward_bytes},
          {"stash_bytes", part.stash},
          {"forward_s", seconds(part.forward)},
          {"backward_s", seconds(part.backward)}};
}

Json layer_json(const LayerCost& layer) {
  Json json = {{"first", layer.first},
               {"last", layer.last},
               {"count", layer.count},
               {"parameters", layer.parameters},
               {"parameter_bytes", layer.parameter_bytes},
               {"stash_bytes", layer.stash},
               {"output_bytes", layer.output},
               {"forward_s", seconds(layer.time.forward)},
               {"backward_s", seconds(layer.time.backward)},
               {"backward_input_s", seconds(layer.time.backward_input)},
               {"backward_weight_s", seconds(layer.time.backward_weight)}};
  json["parts"] = Json::array();
  for (const PartCost& part : layer.parts) json["parts"].push_back(part_json(part));
  return json;
}

}  // namespace

nlohmann::ordered_json model_json(const Config& config, const std::vector<LayerCost>& layers) {
  const std::optional<double> parameters = parameter_count(config);
  Json json = {{"name", config.name},
               {"command", "model"},
               {"model", config.model_kind},
               {"parameters", parameters ? Json(*parameters) : Json(nullptr)},
               {"micro_batch_size", config.training.micro_batch_size},
               {"device", config.cluster.device(0).name},
               {"tensor_parallel", config.training.parallel.tensor}};
  json["layers"] = Json::array();
  for (const LayerCost& layer : layers) json["layers"].push_back(layer_json(layer));
  return json;
}

}  // namespace pipesim

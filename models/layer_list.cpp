#include "models/layer_list.hpp"

#include <fmt/format.h>

namespace pipesim {

namespace {

Bytes optional_bytes(const Field& field, std::string_view key) {
  const auto value = field.find(key);
  return value ? value->bytes() : 0;
}

Layer read_layer(const Field& field, std::size_t index) {
  field.allow_keys(
      {"name", "forward", "backward", "parameter_bytes", "stash_bytes", "output_bytes"});
  Layer layer{.name = fmt::format("layer{}", index)};
  if (const auto name = field.find("name")) layer.name = name->text();
  layer.forward = {
      {.seconds = seconds(field.at("forward", "the forward time of a sample").time())}};
  layer.backward_input = {
      {.seconds = seconds(field.at("backward", "the backward time of a sample").time())}};
  layer.parameter_bytes = optional_bytes(field, "parameter_bytes");
  layer.stash_bytes = optional_bytes(field, "stash_bytes");
  layer.output_bytes = optional_bytes(field, "output_bytes");
  return layer;
}

}  // namespace

Network read_layer_list(const Field& model) {
  model.allow_keys({"kind", "layers", "input_bytes"});
  const Field list = model.at("layers", "a list of {name, forward, backward, …}");
  Network network{.input_bytes = optional_bytes(model, "input_bytes"), .stash_holds_input = true};
  for (const Field& item : list.items()) {
    network.layers.push_back(read_layer(item, network.layers.size()));
  }
  if (network.layers.empty()) {
    throw list.error("must have at least one layer", "give {forward, backward} for each layer");
  }
  return network;
}

}  // namespace pipesim

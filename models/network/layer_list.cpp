#include "models/network/layer_list.hpp"

#include <fmt/format.h>

#include "models/keys/config_keys.hpp"

namespace pipesim {

namespace {

Bytes optional_bytes(const Field& field, std::string_view key) {
  const auto value = field.find(key);
  return value ? value->bytes() : 0;
}

// The whole backward counts as the input's, unless the two parts are given.
void read_backward(const Field& field, Layer& layer) {
  const auto input = field.find("backward_input");
  const auto weight = field.find("backward_weight");
  if (input.has_value() != weight.has_value()) {
    throw(input ? *input : *weight)
        .error("needs its counterpart",
               "give both backward_input and backward_weight, or backward alone");
  }
  if (!input) {
    const Field whole = field.at("backward", "the backward time of a sample");
    layer.backward_input = {{.seconds = seconds(whole.time())}};
    return;
  }
  if (const auto whole = field.find("backward")) {
    throw whole->error("stands beside its two parts", "give either backward or the two");
  }
  layer.backward_input = {{.seconds = seconds(input->time())}};
  layer.backward_weight = {{.seconds = seconds(weight->time())}};
}

Layer read_layer(const Field& field, std::size_t index) {
  field.allow_keys(keys_of(Section::layer));
  Layer layer{.name = fmt::format("layer{}", index)};
  if (const auto name = field.find("name")) layer.name = name->text();
  layer.forward = {
      {.seconds = seconds(field.at("forward", "the forward time of a sample").time())}};
  read_backward(field, layer);
  layer.parameter_bytes = optional_bytes(field, "parameter_bytes");
  layer.stash_bytes = optional_bytes(field, "stash_bytes");
  layer.output_bytes = optional_bytes(field, "output_bytes");
  return layer;
}

}  // namespace

Network read_layer_list(const Field& model) {
  model.allow_keys(keys_of({Section::model, Section::layer_list}));
  const Field list = model.at("layers", "a list of {name, forward, backward, …}");
  Network network{.input_bytes = optional_bytes(model, "input_bytes"),
                  .stash_holds_input = true,
                  .whole_stash_waits = true};
  for (const Field& item : list.items()) {
    network.layers.push_back(read_layer(item, network.layers.size()));
    const auto splits = [](const Layer& layer) { return !layer.backward_weight.empty(); };
    if (splits(network.layers.back()) != splits(network.layers.front())) {
      throw item.error("must state its backward as the first layer does",
                       "give backward_input and backward_weight for every layer, or for none");
    }
  }
  if (network.layers.empty()) {
    throw list.error("must have at least one layer", "give {forward, backward} for each layer");
  }
  return network;
}

}  // namespace pipesim

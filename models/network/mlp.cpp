#include "models/network/mlp.hpp"

#include <fmt/format.h>

#include "models/keys/config_keys.hpp"

namespace pipesim {

namespace {

constexpr int largest_layer = 1 << 24;

Activation read_activation(const Field& model, std::string_view key, Activation otherwise) {
  const auto field = model.find(key);
  if (!field) return otherwise;
  return static_cast<Activation>(field->pick("activations", activation_choices));
}

Layer linear_layer(double inputs, double outputs, Activation activation, double element) {
  const double weights = inputs * outputs;
  const Operator product{.flops = 2 * weights,
                         .bytes = (inputs + outputs) * element,
                         .fixed_bytes = weights * element,
                         .kernel = Kernel::input_gradient,
                         .weights = weights};
  Operator forward = product;
  forward.kernel = Kernel::forward;
  forward.flops += outputs;  // the bias
  forward.fixed_bytes += outputs * element;
  Operator weight_gradient = product;  // accumulates, so it reads the gradient before it writes it
  weight_gradient.kernel = Kernel::weight_gradient;
  weight_gradient.flops += outputs;
  weight_gradient.fixed_bytes += (weights + 2 * outputs) * element;

  Layer layer{.forward = {forward}, .backward_weight = {weight_gradient}};
  if (activation != Activation::linear) {
    layer.forward.push_back({.flops = outputs, .bytes = 2 * outputs * element});
    layer.backward_input.push_back({.flops = outputs, .bytes = 3 * outputs * element});
  }
  layer.backward_input.push_back(product);
  layer.parameters = weights + outputs;
  layer.parameter_bytes = static_cast<Bytes>((weights + outputs) * element);
  layer.output_bytes = static_cast<Bytes>(outputs * element);
  layer.stash_bytes = layer.output_bytes;
  layer.weight_stash_bytes = static_cast<Bytes>((inputs + outputs) * element);
  return layer;
}

}  // namespace

Mlp read_mlp(const Field& model) {
  model.allow_keys(keys_of({Section::model, Section::mlp}));
  const Field sizes = model.at("layer_sizes", "the widths, such as [128, 256, 256, 10]");
  Mlp mlp;
  for (const Field& item : sizes.items()) mlp.layer_sizes.push_back(item.count(largest_layer));
  if (mlp.layer_sizes.size() < 2) {
    throw sizes.error("must have at least two entries", "the inputs and the outputs of one layer");
  }
  mlp.activation = read_activation(model, "activation", mlp.activation);
  mlp.output_activation = read_activation(model, "output_activation", mlp.output_activation);
  return mlp;
}

Network mlp_network(const Mlp& mlp, Precision precision) {
  const auto element = static_cast<double>(bytes_per_element(precision));
  Network network{.input_bytes = mlp.layer_sizes.front() * bytes_per_element(precision),
                  .gradients_wait = true};
  const std::size_t count = mlp.layer_sizes.size() - 1;
  for (std::size_t l = 0; l < count; ++l) {
    const bool is_last = l + 1 == count;
    Layer layer = linear_layer(mlp.layer_sizes[l], mlp.layer_sizes[l + 1],
                               is_last ? mlp.output_activation : mlp.activation, element);
    layer.name = fmt::format("linear{}", l);
    if (l == 0) layer.backward_input.pop_back();
    if (is_last) {
      const double outputs = mlp.layer_sizes[l + 1];
      layer.backward_input.insert(layer.backward_input.begin(),
                                  {.flops = 2 * outputs, .bytes = 3 * outputs * element});
    }
    network.layers.push_back(std::move(layer));
  }
  return network;
}

}  // namespace pipesim

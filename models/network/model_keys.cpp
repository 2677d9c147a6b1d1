#include <stdexcept>

#include "models/keys/config_key_forms.hpp"
#include "models/network/mlp.hpp"

namespace pipesim {

namespace {

using namespace form;

// One value for all stages, or a list of them.
std::vector<ValueForm> per_stage(const ValueForm& value) {
  return {value, list_of(value, 1)};
}

std::vector<ConfigKey> stage_costs_keys() {
  return {
      {"forward", per_stage(time()), required, "what F of one micro-batch takes"},
      {.name = "backward",
       .forms = per_stage(time()),
       .default_text = required,
       .description = "what B takes; else the two parts",
       .instead_of = {"backward_input"}},
      {"backward_input", per_stage(time()), "", "what I takes, the gradient of the input"},
      {"backward_weight", per_stage(time()), "", "what W takes, the gradient of the weights"},
      {"recompute", per_stage(time()), "forward", "what R takes"},
      {"overlapped", per_stage(time()), "one after the other",
       "a forward together with a backward on the same device"},
      {"transfer", per_stage(time()), "0", "latency to the next stage; occupies nothing"},
      {"stash_bytes", per_stage(bytes()), "boundary_bytes",
       "all that F leaves for its backward, the stage's input included"},
      {"weight_stash_bytes", per_stage(bytes()), "0", "what of it I leaves for W"},
      {"boundary_bytes", per_stage(bytes()), "0", "a stage's input"},
      {"parameter_bytes", per_stage(bytes()), "0", "static bytes of a stage"},
  };
}

std::vector<ConfigKey> mlp_keys() {
  return {
      {"layer_sizes",
       {list_of(integer(1, 1 << 24), 2)},
       required,
       "widths: inputs, hidden layers, outputs"},
      {"activation", {one_of(activation_choices)}, "relu", "of every layer but the last"},
      {"output_activation", {one_of(activation_choices)}, "linear", "of the last layer"},
  };
}

std::vector<ConfigKey> amoebanet_d_keys() {
  return {
      {"normal_cells",
       {integer(1, 9999)},
       required,
       "the L of AmoebaNet-D (L, D): a multiple of 3"},
      {"filters", {integer(8, 1 << 16)}, required, "the D of AmoebaNet-D (L, D)"},
      {"image_size", {integer(32, 1 << 14)}, "224", "pixels of a side: a multiple of 32"},
      {"num_classes", {integer(1, 1 << 24)}, "1000", "classes told apart"},
  };
}

std::vector<ConfigKey> layer_list_keys() {
  return {
      {"layers", {list_of(object(Section::layer), 1)}, required, "what is cut into stages"},
      {"input_bytes", {bytes()}, "0", "the first layer's input, of a sample"},
  };
}

std::vector<ConfigKey> layer_keys() {
  return {
      {"name", {text()}, "layer0, layer1, …", "what reports call it"},
      {"forward", {time()}, required, "of a sample"},
      {.name = "backward",
       .forms = {time()},
       .default_text = required,
       .description = "of a sample; else the two parts",
       .instead_of = {"backward_input"}},
      {"backward_input", {time()}, "", "the part for the gradient of the input"},
      {"backward_weight", {time()}, "", "the part for the gradient of the weights"},
      {"parameter_bytes", {bytes()}, "0", "weights"},
      {"stash_bytes",
       {bytes()},
       "0",
       "what forward leaves, the layer's input included, of a sample"},
      {"output_bytes", {bytes()}, "0", "what the next layer gets, of a sample"},
  };
}

std::vector<ConfigKey> profile_keys() {
  return {
      {"profile", {path()}, required, "PipeDream's measured layer graph, graph.txt"},
      {"batch_size", {integer()}, required, "samples that its times were measured with"},
  };
}

}  // namespace

ConfigSection model_section(Section section) {
  switch (section) {
    case Section::model:
      return {.name = "model",
              .place = "model",
              .description = "Of every kind of model",
              .keys = {{"kind", {name_of(NameList::model_kinds)}, required, "the kind of model"}}};
    case Section::stage_costs:
      return {
          .name = "stage_costs",
          .place = "model",
          .description = "Times and bytes of one micro-batch in a stage: a value, or one per stage",
          .keys = stage_costs_keys()};
    case Section::mlp:
      return {.name = "mlp",
              .place = "model",
              .description = "A multi-layer perceptron",
              .keys = mlp_keys()};
    case Section::amoebanet_d:
      return {.name = "amoebanet_d",
              .place = "model",
              .description = "AmoebaNet-D for ImageNet",
              .keys = amoebanet_d_keys()};
    case Section::layer_list:
      return {.name = "layer_list",
              .place = "model",
              .description = "Layers with measured times and bytes",
              .keys = layer_list_keys()};
    case Section::layer:
      return {.name = "layer",
              .place = "model.layers",
              .description = "A layer, measured for one sample",
              .keys = layer_keys()};
    case Section::profile:
      return {.name = "profile",
              .place = "model",
              .description = "Layers that PipeDream's profiler measured",
              .keys = profile_keys()};
    default:
      throw std::logic_error("no section of a model");
  }
}

}  // namespace pipesim

#include "models/keys/model_kinds.hpp"

namespace pipesim {

const std::vector<ModelKind>& known_model_kinds() {
  static const std::vector<ModelKind> kinds = {
      {"stage_costs",
       "the times and bytes of one micro-batch in a stage, given directly",
       {Section::stage_costs}},
      {"mlp", "linear layers with relu, tanh or no activation", {Section::mlp}},
      {"transformer",
       "a decoder by Megatron-LM's or Hugging Face's keys; tensor parallel, too",
       {Section::transformer, Section::latent_attention, Section::mixture_of_experts}},
      {"amoebanet_d", "AmoebaNet-D for ImageNet as torchgpipe measured it", {Section::amoebanet_d}},
      {"layers",
       "a list of layers with measured times and bytes per sample",
       {Section::layer_list}},
      {"profile", "layers measured by PipeDream's profiler: its graph.txt", {Section::profile}},
  };
  return kinds;
}

}  // namespace pipesim

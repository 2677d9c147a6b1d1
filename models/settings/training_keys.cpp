#include "models/keys/config_key_forms.hpp"
#include "models/settings/training.hpp"

namespace pipesim {

namespace {

using namespace form;

ValueForm samples() {
  return integer(1, 0x1p40);
}
ValueForm ranks() {
  return integer(1, 1 << 20);
}

ValueForm precision() {
  std::vector<Choice> choices;
  for (const std::string_view name : precision_names) choices.push_back({name, ""});
  return one_of(choices);
}

std::vector<ConfigKey> training_keys() {
  return {
      {"batch_size", {samples()}, "micro_batches", "samples of one pipeline replica in a step"},
      {"global_batch_size", {samples()}, "", "samples of all replicas, instead"},
      {"optimizer", {one_of(optimizer_choices)}, "sgd", "what updates the weights"},
      {"learning_rate", {number(0, 1e6)}, "0.001", "of what is executed and trained"},
      {"epochs", {integer()}, "1", "how often train goes through all samples"},
      {"samples", {samples()}, "256", "of an epoch: a multiple of the batch size"},
      {"seed", {integer(0, 0x1p62)}, "42", "of weights and samples"},
      {"precision",
       {precision()},
       "fp32",
       "of weights, activations and messages; which peak rate counts"},
      {"gradient_precision",
       {precision()},
       "precision",
       "of the sum of gradients over micro-batches and replicas"},
      {"optimizer_precision",
       {precision()},
       "fp32 for fp16 and bf16, else precision",
       "of the optimizer's states, and of a master copy of the weights where it differs"},
      {"bytes_per_parameter",
       {number(0, 1024)},
       "",
       "weight, gradient and optimizer state together, instead"},
      {"data_parallel", {ranks()}, "1", "pipeline replicas"},
      {"weight_gradient",
       {one_of(weight_gradient_choices)},
       "accumulated",
       "when the gradient of the weights is computed"},
      {"tensor_parallel",
       {ranks()},
       "1",
       "of a transformer: devices that share every matrix of a stage"},
      {"context_parallel", {ranks()}, "1", "of a transformer: devices that share a sequence"},
      {"expert_parallel",
       {ranks()},
       "1",
       "of a transformer with experts: devices that share them, among tensor × context × data"},
      {"expert_tensor_parallel",
       {ranks()},
       "tensor_parallel; 1 where expert_parallel needs those devices, too",
       "devices that share each expert's matrices"},
      {"cp_comm_type",
       {one_of(cp_comm_type_choices)},
       "a2a where context_parallel divides the groups of keys and values on a device, else p2p",
       "what devices that share a sequence exchange"},
      {"hierarchical_context_parallel_sizes",
       {list_of(ranks(), 2)},
       "",
       "with a2a+p2p: devices that exchange heads, and rings of them; their product is "
       "context_parallel"},
      {"sequence_parallel",
       {boolean()},
       "false",
       "norms, dropout and residuals are divided along the sequence among tensor_parallel"},
      {"zero_stage",
       {integer(0, 3)},
       "0",
       "what replicas divide: 1 the optimizer's states, 2 gradients too, 3 weights too"},
      {"overlap_grad_reduce",
       {boolean()},
       "false",
       "replicas sum gradients in buckets of 40 M beside the last backward"},
      {"async_tensor_model_parallel_allreduce",
       {boolean()},
       "true",
       "without sequence_parallel: the input gradient's all-reduce runs beside a product"},
  };
}

}  // namespace

ConfigSection training_section() {
  return {.name = "training",
          .place = "training",
          .description = "Batch, optimizer, precision, and how devices share the work",
          .keys = training_keys()};
}

}  // namespace pipesim

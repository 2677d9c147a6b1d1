#include "models/transformer/transformer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/transformer/transformer_parts.hpp"

namespace pipesim {

Bytes rounded_bytes(double bytes) {
  return bytes < static_cast<double>(bytes_limit) ? std::llround(std::ceil(bytes)) : bytes_limit;
}

std::int64_t query_groups_on_device(const Transformer& model, const Parallelism& parallel) {
  return std::max<std::int64_t>(1, model.query_groups / parallel.tensor);
}

ContextExchange context_exchange(const Transformer& model, const Parallelism& parallel) {
  if (parallel.context_exchange) return *parallel.context_exchange;
  const bool whole_groups = query_groups_on_device(model, parallel) % parallel.context == 0;
  return whole_groups ? ContextExchange::a2a : ContextExchange::p2p;
}

ContextSplit context_split(const Transformer& model, const Parallelism& parallel) {
  switch (context_exchange(model, parallel)) {
    case ContextExchange::a2a:
      return {.heads = parallel.context};
    case ContextExchange::a2a_p2p:
      return {.heads = parallel.context_heads, .ring = parallel.context / parallel.context_heads};
    case ContextExchange::all_gather:
      return {.ring = parallel.context, .gathers = true};
    case ContextExchange::p2p:
      break;
  }
  return {.ring = parallel.context};
}

TransformerShare share_of(const Transformer& model, const Training& training) {
  const Parallelism& parallel = training.parallel;
  const double tensor = parallel.tensor;
  const double context = parallel.context;
  const auto length = static_cast<double>(model.sequence);
  const double heads = static_cast<double>(model.heads) / tensor;
  const auto groups = static_cast<double>(query_groups_on_device(model, parallel));
  const ContextSplit context_of = context_split(model, parallel);
  const double expert_tensor = expert_tensor_ranks(training);
  // Where tokens are not the same on all devices that share matrices.
  const bool gathers_tokens = parallel.tensor == 1 || parallel.sequence;
  return {.element = static_cast<double>(bytes_per_element(training.precision)),
          .gradient = static_cast<double>(bytes_per_element(training.gradient_precision)),
          .tokens = length / context,
          .hidden = static_cast<double>(model.hidden),
          .tensor = tensor,
          .sequence_parts = static_cast<double>(parallel.sequence_ranks()),
          .context_heads = static_cast<double>(context_of.heads),
          .ring = context_of.ring,
          .gathers_context = context_of.gathers,
          .expert = static_cast<double>(parallel.expert),
          .expert_tensor = expert_tensor,
          .expert_sequence_parts = gathers_tokens ? expert_tensor : 1,
          .queries = heads * static_cast<double>(model.query_head()),
          .keys = groups * static_cast<double>(model.query_head()),
          .values = groups * static_cast<double>(model.value_head()),
          .attended = heads * static_cast<double>(model.value_head()),
          .scores = static_cast<double>(model.heads) / (tensor * context) * length * length,
          .ffn = static_cast<double>(model.ffn_hidden) / tensor,
          .async_tensor_parallel = parallel.async_tensor_parallel};
}

void add_product(Layer& layer, const Transformer& model, const TransformerShare& share,
                 double inputs, double outputs, ProductInput input) {
  const double weights = inputs * outputs;
  const double kept = outputs + (input == ProductInput::own ? inputs : 0);
  keep_for_weights(layer, share.element * share.tokens * kept);
  Operator product{.flops = 2 * share.tokens * weights,
                   .bytes = share.tokens * (inputs + outputs) * share.element,
                   .fixed_bytes = weights * share.element,
                   .kernel = Kernel::forward,
                   .weights = weights};
  layer.forward.push_back(product);
  product.kernel = Kernel::input_gradient;
  layer.backward_input.push_back(product);
  product.kernel = Kernel::weight_gradient;
  if (model.fused_gradient_accumulation) {
    product.fixed_bytes = 2 * share.gradient * weights;  // The sum, read and written.
    add_handed_gradient(layer, share.element * weights);
  }
  layer.backward_weight.push_back(product);
  if (!model.fused_gradient_accumulation) {
    // The new gradient is read, and the sum of those before it read and written.
    layer.backward_weight.push_back({.fixed_bytes = 3 * share.element * weights});
  }
}

void add_elementwise(std::vector<Operator>& operators, double bytes) {
  if (bytes > 0) operators.push_back({.bytes = bytes});
}

void add_parameters(Layer& layer, const TransformerShare& share, double parameters, double shares) {
  const Bytes bytes = rounded_bytes(parameters / shares * share.element);
  layer.parameters += parameters;
  layer.parameter_bytes = capped_sum(layer.parameter_bytes, bytes);
  if (layer.parts.empty()) return;
  layer.parts.back().parameters += parameters;
  layer.parts.back().parameter_bytes = capped_sum(layer.parts.back().parameter_bytes, bytes);
}

void add_expert_parameters(Layer& layer, const TransformerShare& share, double parameters) {
  const Bytes before = layer.parameter_bytes;
  add_parameters(layer, share, parameters, share.expert_tensor * share.expert);
  layer.expert_bytes = capped_sum(layer.expert_bytes, layer.parameter_bytes - before);
}

void add_stash(Layer& layer, double bytes) {
  layer.stash_bytes = capped_sum(layer.stash_bytes, rounded_bytes(bytes));
  if (layer.parts.empty()) return;
  layer.parts.back().stash_bytes = capped_sum(layer.parts.back().stash_bytes, rounded_bytes(bytes));
}

void keep_stash(Layer& layer, double bytes) {
  layer.kept_bytes = capped_sum(layer.kept_bytes, rounded_bytes(bytes));
}

void keep_for_weights(Layer& layer, double bytes) {
  layer.weight_stash_bytes = capped_sum(layer.weight_stash_bytes, rounded_bytes(bytes));
}

void need_workspace(Layer& layer, double bytes) {
  layer.workspace_bytes = std::max(layer.workspace_bytes, rounded_bytes(bytes));
}

// Where the product adds to the sum itself, autograd is still handed a gradient of the weights'
// shape and type, which no one reads (Transformer Engine's dummy gradients, one for each shape).
void add_handed_gradient(Layer& layer, double bytes) {
  layer.fixed_workspace_bytes = capped_sum(layer.fixed_workspace_bytes, rounded_bytes(bytes));
  layer.handed_gradient_bytes = capped_sum(layer.handed_gradient_bytes, rounded_bytes(bytes));
}

namespace {

Operator exchange(const TransformerShare& share, double width, Collective collective,
                  bool beside_product) {
  return {.bytes = share.tokens * width * share.element,
          .kernel = Kernel::collective,
          .collective = collective,
          .group = share.group,
          .beside_product = beside_product,
          .part = "exchange"};
}

}  // namespace

// Along the sequence: gathered forward, and once more in the backward for the weight gradient,
// beside the input gradient; whose parts are summed and scattered, beside the weight gradient.
void add_input_exchange(Layer& layer, const TransformerShare& share, double width) {
  if (share.tensor == 1) return;
  if (share.sequence_parts > 1) {
    layer.forward.push_back(exchange(share, width, Collective::all_gather, false));
    layer.backward_input.push_back(exchange(share, width, Collective::all_gather, true));
    layer.backward_input.push_back(exchange(share, width, Collective::reduce_scatter, true));
  } else {
    layer.backward_input.push_back(
        exchange(share, width, Collective::all_reduce, share.async_tensor_parallel));
  }
}

void add_output_exchange(Layer& layer, const TransformerShare& share, double width) {
  if (share.tensor == 1) return;
  if (share.sequence_parts > 1) {
    layer.forward.push_back(exchange(share, width, Collective::reduce_scatter, false));
    layer.backward_input.push_back(exchange(share, width, Collective::all_gather, false));
  } else {
    layer.forward.push_back(exchange(share, width, Collective::all_reduce, false));
  }
}

namespace {

Layer block(const Transformer& model, const TransformerShare& share, bool has_experts) {
  Layer layer;
  add_attention(layer, model, share);
  if (has_experts) {
    add_experts(layer, model, share);
  } else {
    add_mlp(layer, model, share);
  }
  end_parts(layer);
  layer.output_bytes = rounded_bytes(share.stream() * share.element);
  return layer;
}

}  // namespace

Network transformer_network(const Transformer& model, const Training& training, bool with_ends) {
  const TransformerShare share = share_of(model, training);
  const int dense = model.mixture ? model.mixture->dense_layers : model.num_layers;
  const Layer dense_block = block(model, share, false);
  const Layer expert_block = model.mixture ? block(model, share, true) : Layer{};
  Network network{.input_bytes = dense_block.output_bytes, .stash_holds_input = true};
  for (int l = 0; l < model.num_layers; ++l) {
    network.layers.push_back(l < dense ? dense_block : expert_block);
    network.layers.back().name = fmt::format("block{}", l);
  }
  if (training.parallel.tensor > 1) {
    const bool whole_messages = share.sequence_parts == 1;
    network.message_parts = whole_messages ? training.parallel.tensor : 1;
    network.gathers_messages = whole_messages;
  }
  if (!with_ends) return network;
  add_embedding(network.layers.front(), model, share);
  add_head(network.layers.back(), model, share);
  constexpr double bytes_per_token = 8;  // Its number.
  network.input_bytes = rounded_bytes(share.tokens * bytes_per_token);
  if (model.tied_embeddings) {
    network.shared_embedding_bytes = rounded_bytes(static_cast<double>(model.vocabulary) *
                                                   share.hidden / share.tensor * share.element);
  }
  return network;
}

}  // namespace pipesim

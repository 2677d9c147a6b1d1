#include "models/transformer/transformer_parts.hpp"

namespace pipesim {

namespace {

// Attention runs in as many parts as blocks of keys and values come round the ring.
double ring_parts(const TransformerShare& share) {
  return share.gathers_context ? 1 : share.ring;
}

// The matrix of scores in memory: two batched products, softmax and dropout between them.
void add_score_attention(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double e = share.element;
  const double mask = model.attention_dropout ? 1 : 0;
  const double rows = share.scores / static_cast<double>(model.sequence);
  const double parts = ring_parts(share);
  const auto product = [&](std::int64_t head_size) {
    const auto head = static_cast<double>(head_size);
    return Operator{.flops = 2 * share.scores * head,
                    .bytes = e * ((parts + share.ring) * rows * head + share.scores),
                    .kernel = Kernel::attention,
                    .products = parts};
  };
  const Operator of_keys = product(model.query_head());
  const Operator of_values = product(model.value_head());
  std::vector<Operator> forward;
  forward.push_back(of_keys);
  add_elementwise(forward, 2 * e * share.scores);
  add_elementwise(forward, mask * (2 * e + 1) * share.scores);
  forward.push_back(of_values);
  layer.forward.insert(layer.forward.end(), forward.begin(), forward.end());
  layer.recomputed.insert(layer.recomputed.end(), forward.begin(), forward.end());

  layer.backward_input.insert(layer.backward_input.end(), 2, of_keys);
  layer.backward_input.insert(layer.backward_input.end(), 2, of_values);
  add_elementwise(layer.backward_input, 3 * e * share.scores);
  add_elementwise(layer.backward_input, mask * (2 * e + 1) * share.scores);
  const double kept = (e + mask * (1 + e)) * share.scores;
  layer.recomputed_bytes = capped_sum(layer.recomputed_bytes, rounded_bytes(kept));
  add_stash(layer, kept);
}

// One kernel each way; the backward makes the scores again. Keeps a sum for each row, in fp32.
void add_flash_attention(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const auto heads = static_cast<double>(model.query_head() + model.value_head());
  const double flops = 2 * share.scores * heads;
  const bool latent = model.latent.has_value();
  const double parts = ring_parts(share);
  layer.forward.push_back({.flops = flops,
                           .kernel = latent ? Kernel::latent_attention : Kernel::fused_attention,
                           .products = parts});
  layer.backward_input.push_back(
      {.flops = 2.5 * flops,
       .kernel = latent ? Kernel::latent_attention_gradient : Kernel::fused_attention_gradient,
       .products = parts});
  add_stash(layer, 4 * share.scores / static_cast<double>(model.sequence));
}

// Devices that share a sequence exchange tokens for heads (Jacobs et al., arXiv:2309.14509), and
// back: the same bytes each way, copied into the order of receivers and out of that of senders.
void add_context_exchange(Layer& layer, const TransformerShare& share, double columns) {
  if (share.context_heads == 1) return;
  const double bytes = share.element * share.tokens * columns;
  for (std::vector<Operator>* pass : {&layer.forward, &layer.backward_input}) {
    pass->push_back({.bytes = bytes,
                     .kernel = Kernel::collective,
                     .collective = Collective::all_to_all,
                     .group = LayerGroup::context,
                     .part = "exchange"});
    add_elementwise(*pass, 4 * bytes);
  }
}

Operator among_ring(double bytes) {
  return {.bytes = bytes,
          .kernel = Kernel::collective,
          .group = LayerGroup::context_ring,
          .part = "exchange"};
}

// A device's keys and values go round the ring, in the backward with the sum of their gradients
// (arXiv:2310.01889). Behind each part of the work its result is added to what there is.
void pass_keys(std::vector<Operator>& pass, std::size_t from, const TransformerShare& share,
               double bytes, double merged) {
  Operator message = among_ring(bytes);
  message.ring_steps = share.ring - 1;
  pass.insert(pass.begin() + static_cast<std::ptrdiff_t>(from), message);
  add_elementwise(pass, 3 * share.element * merged * message.ring_steps);
  for (std::size_t i = from + 1; i < pass.size(); ++i) pass[i].in_ring = true;
}

// Keys and values of the whole sequence before attention; their gradients summed behind it.
void gather_keys(std::vector<Operator>& pass, std::size_t from, const TransformerShare& share,
                 double bytes, bool is_backward) {
  Operator exchange = among_ring(bytes * share.ring);
  exchange.collective = Collective::all_gather;
  pass.insert(pass.begin() + static_cast<std::ptrdiff_t>(from), exchange);
  exchange.collective = Collective::reduce_scatter;
  if (is_backward) pass.push_back(exchange);
}

// Where the attention's operators begin in each list.
struct AttentionBegin {
  std::size_t forward = 0;
  std::size_t backward = 0;
  std::size_t recomputed = 0;
};

// Attention over keys and values of devices that hold other parts of the sequence. A backward has
// two blocks and two of their gradients, one of each in work and one under way; or all gathered.
void add_ring_exchange(Layer& layer, const TransformerShare& share, const AttentionBegin& begin) {
  if (share.ring == 1) return;
  const double pair = share.keys + share.values;
  const double block = share.element * share.tokens * pair;
  const bool again = layer.recomputed.size() > begin.recomputed;
  if (share.gathers_context) {
    gather_keys(layer.forward, begin.forward, share, block, false);
    gather_keys(layer.backward_input, begin.backward, share, block, true);
    if (again) gather_keys(layer.recomputed, begin.recomputed, share, block, false);
    need_workspace(layer, 2 * block * share.ring);
    return;
  }
  const double attended = share.tokens * share.attended;
  pass_keys(layer.forward, begin.forward, share, block, attended);
  pass_keys(layer.backward_input, begin.backward, share, 2 * block,
            share.tokens * (share.queries + pair));
  if (again) pass_keys(layer.recomputed, begin.recomputed, share, block, attended);
  need_workspace(layer, 4 * block);
}

// Heads are brought together for batched products, and apart again.
void add_core_attention(Layer& layer, const Transformer& model, const TransformerShare& share) {
  begin_part(layer, "attention");
  const double e = share.element;
  const double columns = share.queries + share.keys + share.values;
  add_context_exchange(layer, share, columns);
  const AttentionBegin begin{.forward = layer.forward.size(),
                             .backward = layer.backward_input.size(),
                             .recomputed = layer.recomputed.size()};
  const double moved = 2 * e * share.tokens * share.queries;
  if (model.flash_attention) {
    add_flash_attention(layer, model, share);
  } else {
    for (int i = 0; i < 3; ++i) add_elementwise(layer.forward, moved);
    add_score_attention(layer, model, share);
    for (int i = 0; i < 4; ++i) add_elementwise(layer.backward_input, moved);
  }
  add_ring_exchange(layer, share, begin);
  add_context_exchange(layer, share, share.attended);
  add_stash(layer, e * share.tokens * (columns + share.attended));
}

// Where devices are more than groups of keys and values, each has a part of a group's columns, and
// takes what its heads need from those of all (Megatron-LM's all-gather of the last dimension).
void gather_projections(Layer& layer, const TransformerShare& share, double columns) {
  Operator exchange{.bytes = share.element * share.tokens * columns * share.tensor,
                    .kernel = Kernel::collective,
                    .collective = Collective::all_gather,
                    .part = "exchange"};
  layer.forward.push_back(exchange);
  exchange.collective = Collective::reduce_scatter;
  layer.backward_input.push_back(exchange);
}

// One product for queries, keys and values, of which queries and keys are turned.
void add_projections(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const auto pairs = static_cast<double>(2 * model.query_groups * model.head_size);
  const double columns = share.queries + pairs / share.tensor;
  const double bias = model.linear_bias ? 1 : 0;
  add_input_exchange(layer, share, share.hidden);
  add_product(layer, model, share, share.hidden, columns);
  add_parameters(layer, share, (share.hidden + bias) * columns * share.tensor, share.tensor);
  if (share.keys + share.values > pairs / share.tensor) gather_projections(layer, share, columns);
  if (model.positions == Transformer::Positions::rotary) {
    const double turned = 2 * share.element * share.tokens * (share.queries + share.keys);
    add_elementwise(layer.forward, turned);
    add_elementwise(layer.backward_input, turned);
  }
}

}  // namespace

// An output x becomes residual + dropout(x); its gradient goes both ways.
void add_residual(Layer& layer, const Transformer& model, const TransformerShare& share) {
  begin_part(layer, "residual");
  const double mask = model.hidden_dropout ? 1 : 0;
  const double e = share.element;
  add_elementwise(layer.forward, (3 * e + mask) * share.stream());
  add_elementwise(layer.backward_input, mask * (2 * e + 1) * share.stream());
  add_elementwise(layer.backward_input, 3 * e * share.stream());
  add_stash(layer, mask * share.stream());
}

void add_norm(Layer& layer, const Transformer& model, const TransformerShare& share) {
  begin_part(layer, "norm");
  const double e = share.element;
  add_elementwise(layer.forward, 2 * e * share.stream());
  add_elementwise(layer.backward_input, 3 * e * share.stream());
  add_stash(layer, 2 * e * share.stream());  // Its input, and its output for the product behind.
  add_parameters(layer, share, share.hidden * (model.rms_norm ? 1 : 2), 1);
}

void add_attention(Layer& layer, const Transformer& model, const TransformerShare& share) {
  add_norm(layer, model, share);
  begin_part(layer, "queries, keys, values");
  if (model.latent) {
    add_latent_projections(layer, model, share);
  } else {
    add_projections(layer, model, share);
  }
  add_core_attention(layer, model, share);
  begin_part(layer, "attention output");
  add_product(layer, model, share, share.attended, share.hidden);
  add_parameters(layer, share, share.hidden * share.attended * share.tensor, share.tensor);
  add_parameters(layer, share, model.linear_bias ? share.hidden : 0, 1);
  add_output_exchange(layer, share, share.hidden);
  add_residual(layer, model, share);
}

void add_activation(Layer& layer, const Transformer& model, const TransformerShare& share,
                    double rows, double columns) {
  const double e = share.element;
  const double inner = rows * columns;
  const double inputs = model.gated() ? 2 * inner : inner;
  const double mask = model.activation_dropout ? 1 : 0;
  add_elementwise(layer.forward, e * (inputs + inner) + mask * inner);
  add_elementwise(layer.backward_input, e * (2 * inputs + inner) + mask * inner);
  // What a relu lets through is seen in what it gives, which the product behind it keeps.
  const bool keeps_input = model.activation != Transformer::Activation::relu;
  add_stash(layer, (keeps_input ? e * inputs : 0) + e * inner + mask * inner);
}

void add_inner_mlp(Layer& layer, const Transformer& model, const TransformerShare& share,
                   double columns) {
  const double t = share.tensor;
  const double bias = model.linear_bias ? 1 : 0;
  const double inputs = model.gated() ? 2 * columns : columns;
  begin_part(layer, "mlp in");
  add_input_exchange(layer, share, share.hidden);
  add_product(layer, model, share, share.hidden, inputs);
  add_parameters(layer, share, (share.hidden + bias) * inputs * t, t);
  begin_part(layer, "activation");
  add_activation(layer, model, share, share.tokens, columns);
  begin_part(layer, "mlp out");
  add_product(layer, model, share, columns, share.hidden);
  add_parameters(layer, share, share.hidden * columns * t, t);
  add_parameters(layer, share, bias * share.hidden, 1);
  add_output_exchange(layer, share, share.hidden);
  need_workspace(layer, share.element * share.tokens * (columns + inputs));  // Their gradients.
}

void add_mlp(Layer& layer, const Transformer& model, const TransformerShare& share) {
  add_norm(layer, model, share);
  add_inner_mlp(layer, model, share, share.ffn);
  add_residual(layer, model, share);
}

}  // namespace pipesim

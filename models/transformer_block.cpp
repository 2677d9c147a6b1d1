#include "models/transformer_parts.hpp"

namespace pipesim {

namespace {

// The matrix of scores in memory: two batched products, softmax and dropout between them.
void add_score_attention(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double e = share.element;
  const double mask = model.attention_dropout ? 1 : 0;
  const double rows = share.scores / static_cast<double>(model.sequence);
  const auto product = [&](std::int64_t head_size) {
    const auto head = static_cast<double>(head_size);
    return Operator{.flops = 2 * share.scores * head,
                    .bytes = e * (2 * rows * head + share.scores),
                    .kernel = Kernel::attention};
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
  layer.recomputed_bytes = capped_sum(layer.recomputed_bytes, whole(kept));
  add_stash(layer, kept);
}

// One kernel each way; the backward makes the scores again. Keeps a sum for each row, in fp32.
void add_flash_attention(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const auto heads = static_cast<double>(model.query_head() + model.value_head());
  const double flops = 2 * share.scores * heads;
  const bool latent = model.latent.has_value();
  layer.forward.push_back(
      {.flops = flops, .kernel = latent ? Kernel::latent_attention : Kernel::fused_attention});
  layer.backward_input.push_back(
      {.flops = 2.5 * flops,
       .kernel = latent ? Kernel::latent_attention_gradient : Kernel::fused_attention_gradient});
  add_stash(layer, 4 * share.scores / static_cast<double>(model.sequence));
}

// Devices that share a sequence exchange tokens for heads (Jacobs et al., arXiv:2309.14509), and
// back: the same bytes each way, copied into the order of receivers and out of that of senders.
void add_context_exchange(Layer& layer, const TransformerShare& share, double columns) {
  if (share.context == 1) return;
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

// Heads are brought together for batched products, and apart again.
void add_core_attention(Layer& layer, const Transformer& model, const TransformerShare& share) {
  begin_part(layer, "attention");
  const double e = share.element;
  const double columns = share.queries + share.keys + share.values;
  add_context_exchange(layer, share, columns);
  const double moved = 2 * e * share.tokens * share.queries;
  if (model.flash_attention) {
    add_flash_attention(layer, model, share);
  } else {
    for (int i = 0; i < 3; ++i) add_elementwise(layer.forward, moved);
    add_score_attention(layer, model, share);
    for (int i = 0; i < 4; ++i) add_elementwise(layer.backward_input, moved);
  }
  add_context_exchange(layer, share, share.attended);
  add_stash(layer, e * share.tokens * (columns + share.attended));
}

// One product for queries, keys and values, of which queries and keys are turned.
void add_projections(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double columns = share.queries + share.keys + share.values;
  const double bias = model.linear_bias ? 1 : 0;
  add_input_exchange(layer, share, share.hidden);
  add_product(layer, model, share, share.hidden, columns);
  add_parameters(layer, share, (share.hidden + bias) * columns * share.tensor, share.tensor);
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

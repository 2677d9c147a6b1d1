#include <algorithm>
#include <cmath>

#include "models/transformer_parts.hpp"

namespace pipesim {

namespace {

// Adds up bytes that may be fractions of one on a device.
Bytes rounded(double bytes) {
  return bytes < static_cast<double>(bytes_limit) ? std::llround(bytes) : bytes_limit;
}

// An output x becomes residual + dropout(x); its gradient goes both ways.
void add_residual(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double mask = model.hidden_dropout ? 1 : 0;
  const double e = share.element;
  add_elementwise(layer.forward, (3 * e + mask) * share.stream());
  add_elementwise(layer.backward_input, mask * (2 * e + 1) * share.stream());
  add_elementwise(layer.backward_input, 3 * e * share.stream());
  add_stash(layer, mask * share.stream());
}

// The matrix of scores in memory: two batched products, softmax and dropout between them.
void add_score_attention(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double e = share.element;
  const double head = static_cast<double>(model.head_size);
  const double mask = model.attention_dropout ? 1 : 0;
  const double heads =
      share.scores / (static_cast<double>(model.sequence) * static_cast<double>(model.sequence));
  const double rows = heads * static_cast<double>(model.sequence);
  const Operator product{.flops = 2 * share.scores * head,
                         .bytes = e * (2 * rows * head + share.scores),
                         .kernel = Kernel::attention};
  std::vector<Operator> forward;
  forward.push_back(product);
  add_elementwise(forward, 2 * e * share.scores);
  add_elementwise(forward, mask * (2 * e + 1) * share.scores);
  forward.push_back(product);
  layer.forward.insert(layer.forward.end(), forward.begin(), forward.end());
  layer.recomputed.insert(layer.recomputed.end(), forward.begin(), forward.end());

  layer.backward_input.insert(layer.backward_input.end(), 4, product);
  add_elementwise(layer.backward_input, 3 * e * share.scores);
  add_elementwise(layer.backward_input, mask * (2 * e + 1) * share.scores);
  const double kept = (e + mask * (1 + e)) * share.scores;
  layer.recomputed_bytes = capped_sum(layer.recomputed_bytes, rounded(kept));
  add_stash(layer, kept);
}

// One kernel each way; the backward makes the scores again. Keeps a sum for each row, in fp32.
void add_flash_attention(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double flops = 4 * share.scores * static_cast<double>(model.head_size);
  layer.forward.push_back({.flops = flops, .kernel = Kernel::fused_attention});
  layer.backward_input.push_back(
      {.flops = 2.5 * flops, .kernel = Kernel::fused_attention_gradient});
  add_stash(layer, 4 * share.scores / static_cast<double>(model.sequence));
}

}  // namespace

void add_norm(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double e = share.element;
  add_elementwise(layer.forward, 2 * e * share.stream());
  add_elementwise(layer.backward_input, 3 * e * share.stream());
  add_stash(layer, 2 * e * share.stream());  // Its input, and its output for the product behind.
  add_parameters(layer, share, share.hidden * (model.rms_norm ? 1 : 2), 1);
}

void add_attention(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double e = share.element;
  const double t = share.tensor;
  const double columns = share.queries + 2 * share.keys;
  const double bias = model.linear_bias ? 1 : 0;
  add_norm(layer, model, share);
  add_input_exchange(layer, share);
  add_product(layer, model, share, share.hidden, columns);
  add_parameters(layer, share, (share.hidden + bias) * columns * t, t);
  if (model.positions == Transformer::Positions::rotary) {
    const double turned = 2 * e * share.tokens * (share.queries + share.keys);
    add_elementwise(layer.forward, turned);
    add_elementwise(layer.backward_input, turned);
  }
  // Heads are brought together for the batched products, and apart again.
  const double moved = 2 * e * share.tokens * share.queries;
  if (model.flash_attention) {
    add_flash_attention(layer, model, share);
  } else {
    for (int i = 0; i < 3; ++i) add_elementwise(layer.forward, moved);
    add_score_attention(layer, model, share);
    for (int i = 0; i < 4; ++i) add_elementwise(layer.backward_input, moved);
  }
  add_stash(layer, e * share.tokens * (columns + share.queries));  // q, k, v, and what they give.
  add_product(layer, model, share, share.queries, share.hidden);
  add_parameters(layer, share, share.hidden * share.queries * t, t);
  add_parameters(layer, share, bias * share.hidden, 1);
  add_output_exchange(layer, share);
  add_residual(layer, model, share);
}

void add_mlp(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double e = share.element;
  const double t = share.tensor;
  const double bias = model.linear_bias ? 1 : 0;
  const bool gated = model.activation == Transformer::Activation::swiglu;
  const double columns = gated ? 2 * share.ffn : share.ffn;
  const double inner = share.tokens * share.ffn;
  const double mask = model.activation_dropout ? 1 : 0;
  add_norm(layer, model, share);
  add_input_exchange(layer, share);
  add_product(layer, model, share, share.hidden, columns);
  add_parameters(layer, share, (share.hidden + bias) * columns * t, t);

  add_elementwise(layer.forward, (gated ? 3 : 2) * e * inner + mask * inner);
  add_elementwise(layer.backward_input, (gated ? 5 : 3) * e * inner + mask * inner);
  // What a relu lets through is seen in what it gives, which the product behind it keeps.
  const bool keeps_input = model.activation != Transformer::Activation::relu;
  add_stash(layer, (keeps_input ? e * share.tokens * columns : 0) + e * inner + mask * inner);

  add_product(layer, model, share, share.ffn, share.hidden);
  add_parameters(layer, share, share.hidden * share.ffn * t, t);
  add_parameters(layer, share, bias * share.hidden, 1);
  add_output_exchange(layer, share);
  add_residual(layer, model, share);
  // The gradients on either side of the activation, and of the stream before and behind.
  layer.workspace_bytes =
      std::max(layer.workspace_bytes,
               rounded(e * (inner + share.tokens * columns) + 2 * e * share.stream()));
}

}  // namespace pipesim

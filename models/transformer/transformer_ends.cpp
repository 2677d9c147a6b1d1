#include <algorithm>

#include "models/transformer/transformer_parts.hpp"

namespace pipesim {

namespace {

// Megatron-LM computes its blocks again, and neither end.
void keep_forward(Layer& end) {
  for (Operator& op : end.forward) op.recomputable = false;
}

void put_before(std::vector<Operator>& operators, const std::vector<Operator>& first) {
  operators.insert(operators.begin(), first.begin(), first.end());
}

}  // namespace

void add_embedding(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double e = share.element;
  const double whole_stream = share.tokens * share.hidden;
  begin_part(layer, "embedding");
  layer.parts.back().gathered = Gathered::before_layer;
  Layer lookup;
  add_elementwise(lookup.forward, 3 * e * whole_stream);
  add_output_exchange(lookup, share, share.hidden);
  add_elementwise(lookup.backward_input, 5 * e * whole_stream);
  keep_forward(lookup);
  put_before(layer.forward, lookup.forward);
  layer.backward_input.insert(layer.backward_input.end(), lookup.backward_input.begin(),
                              lookup.backward_input.end());
  const auto vocabulary = static_cast<double>(model.vocabulary);
  add_parameters(layer, share, vocabulary * share.hidden, share.tensor);
  if (model.positions == Transformer::Positions::learned) {
    add_parameters(layer, share, static_cast<double>(model.max_positions) * share.hidden, 1);
  }
  const double mask = model.hidden_dropout ? share.stream() : 0;
  add_stash(layer, mask);
  keep_stash(layer, mask + e * share.stream());  // The block's input is made here.
  end_parts(layer);
}

// Passes over the logits that a fused kernel takes as long as, each way: measured on a B200, two at
// .28 of the bandwidth where other kernels that memory bounds reach .666 (SimuMax's system file
// b200_bf16_ceperm, ce_fusion).
constexpr double fused_loss = 2 * 0.666 / 0.28;

// The gradient of the product's input, and what fused accumulation hands on. The block's own
// backward, which comes after it, finds the logits gone.
void need_head_workspace(Layer& layer, const Transformer& model, const TransformerShare& share,
                         double logits) {
  layer.workspace_bytes -= std::min(layer.workspace_bytes, rounded_bytes(logits));
  need_workspace(layer, share.element * share.tokens * share.hidden);
  if (!model.fused_gradient_accumulation) return;
  const double weights = static_cast<double>(model.vocabulary) / share.tensor * share.hidden;
  add_handed_gradient(layer, share.element * weights);
}

// A chunk's logits are made again in the backward and gone after it: its part of the weight
// gradient is I's, and nothing waits for W.
void compute_in_chunks(Layer& head) {
  put_before(head.backward_input, head.forward);
  head.backward_input.insert(head.backward_input.end(), head.backward_weight.begin(),
                             head.backward_weight.end());
  head.backward_weight.clear();
  head.weight_stash_bytes = 0;
}

// Logits and their softmax are fp32: 4 bytes an entry (arXiv:2205.05198, 4.3). The gradient that W
// reads is as narrow as the products.
void add_head(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double e = share.element;
  const auto vocabulary = static_cast<double>(model.vocabulary);
  const double columns = vocabulary / share.tensor;
  const double logits = share.tokens * columns;
  const bool in_chunks = model.logits_chunk > 0;
  Layer head;
  add_norm(head, model, share);
  begin_part(head, "logits");
  head.parts.back().gathered = Gathered::behind_layer;
  add_input_exchange(head, share, share.hidden);
  add_product(head, model, share, share.hidden, columns);
  if (!model.tied_embeddings) {
    add_parameters(head, share, vocabulary * share.hidden, share.tensor);
  }
  begin_part(head, "loss");
  add_elementwise(head.forward, (model.fused_cross_entropy ? fused_loss : 10) * e * logits);
  add_elementwise(head.backward_input, (model.fused_cross_entropy ? fused_loss : 5) * e * logits);
  if (in_chunks) {
    compute_in_chunks(head);
  } else {
    add_stash(head, 4 * logits);
  }
  end_parts(head);
  keep_forward(head);
  layer.forward.insert(layer.forward.end(), head.forward.begin(), head.forward.end());
  put_before(layer.backward_input, head.backward_input);
  put_before(layer.backward_weight, head.backward_weight);

  layer.parameters += head.parameters;
  layer.parameter_bytes = capped_sum(layer.parameter_bytes, head.parameter_bytes);
  layer.parts.insert(layer.parts.end(), head.parts.begin(), head.parts.end());
  layer.stash_bytes = capped_sum(layer.stash_bytes, head.stash_bytes);
  layer.weight_stash_bytes = capped_sum(layer.weight_stash_bytes, head.weight_stash_bytes);
  layer.kept_bytes = capped_sum(layer.kept_bytes, head.stash_bytes);
  if (in_chunks) {
    const double rows = std::min(share.tokens, static_cast<double>(model.logits_chunk));
    layer.fixed_workspace_bytes =
        capped_sum(layer.fixed_workspace_bytes, rounded_bytes(4 * rows * columns));
  } else {
    need_head_workspace(layer, model, share, 4 * logits);
  }
  layer.output_bytes = rounded_bytes(4 * share.tokens);  // A loss for each token.
}

}  // namespace pipesim

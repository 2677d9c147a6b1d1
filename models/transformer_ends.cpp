#include <algorithm>
#include <cmath>

#include "models/transformer_parts.hpp"

namespace pipesim {

namespace {

void put_before(std::vector<Operator>& operators, const std::vector<Operator>& first) {
  operators.insert(operators.begin(), first.begin(), first.end());
}

}  // namespace

void add_embedding(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double e = share.element;
  const double whole_stream = share.tokens * share.hidden;
  Layer lookup;
  add_elementwise(lookup.forward, 3 * e * whole_stream);
  add_output_exchange(lookup, share);
  add_elementwise(lookup.backward_input, 5 * e * whole_stream);
  put_before(layer.forward, lookup.forward);
  layer.backward_input.insert(layer.backward_input.end(), lookup.backward_input.begin(),
                              lookup.backward_input.end());
  const auto vocabulary = static_cast<double>(model.vocabulary);
  add_parameters(layer, share, vocabulary * share.hidden, share.tensor);
  if (model.positions == Transformer::Positions::learned) {
    add_parameters(layer, share, static_cast<double>(model.max_positions) * share.hidden, 1);
  }
  if (model.hidden_dropout) add_stash(layer, share.stream());
}

// Logits and their softmax are fp32: 4 bytes an entry (arXiv:2205.05198, 4.3).
void add_head(Layer& layer, const Transformer& model, const TransformerShare& share) {
  const double e = share.element;
  const auto vocabulary = static_cast<double>(model.vocabulary);
  const double columns = vocabulary / share.tensor;
  const double logits = share.tokens * columns;
  const bool in_chunks = model.logits_chunk > 0;
  Layer head;
  add_norm(head, model, share);
  add_input_exchange(head, share);
  add_product(head, model, share, share.hidden, columns);
  add_elementwise(head.forward, 10 * e * logits);
  add_elementwise(head.backward_input, 5 * e * logits);
  if (in_chunks) put_before(head.backward_input, head.forward);
  layer.forward.insert(layer.forward.end(), head.forward.begin(), head.forward.end());
  put_before(layer.backward_input, head.backward_input);
  put_before(layer.backward_weight, head.backward_weight);

  layer.parameters += head.parameters;
  layer.parameter_bytes = capped_sum(layer.parameter_bytes, head.parameter_bytes);
  if (!model.tied_embeddings) {
    add_parameters(layer, share, vocabulary * share.hidden, share.tensor);
  }
  layer.stash_bytes = capped_sum(layer.stash_bytes, head.stash_bytes);
  if (in_chunks) {
    const double rows = std::min(share.tokens, static_cast<double>(model.logits_chunk));
    layer.fixed_workspace_bytes += static_cast<Bytes>(std::min(4 * rows * columns, 0x1p60));
  } else {
    add_stash(layer, 4 * logits);
  }
  layer.output_bytes =
      static_cast<Bytes>(std::llround(share.tokens)) * 4;  // A loss for each token.
}

}  // namespace pipesim

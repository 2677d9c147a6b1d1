#pragma once

#include "models/transformer.hpp"

namespace pipesim {

/// What the parts of a transformer's layer are made of: sizes of one sample on one device.
struct TransformerShare {
  double element = 2;   ///< Bytes of an activation or a weight.
  double gradient = 2;  ///< Bytes of a weight's gradient.
  double tokens = 0;
  double hidden = 0;
  double tensor = 1;          ///< Devices that share matrices.
  double sequence_parts = 1;  ///< Devices along the sequence for what is not sharded otherwise.
  double queries = 0;         ///< Columns of all queries on this device.
  double keys = 0;            ///< Columns of all keys; of all values as many.
  double scores = 0;          ///< Entries of all matrices of scores.
  double ffn = 0;
  bool async_tensor_parallel = true;

  /// Elements of the residual stream, as they lie on this device between products.
  double stream() const { return tokens * hidden / sequence_parts; }
};

TransformerShare share_of(const Transformer& model, const Training& training);

/// Adds a linear layer's three products: tokens × inputs into tokens × outputs.
void add_product(Layer& layer, const Transformer& model, const TransformerShare& share,
                 double inputs, double outputs);

/// Adds a kernel bound by memory that moves so many bytes a sample; none where that is 0.
void add_elementwise(std::vector<Operator>& operators, double bytes);

/// Adds what gathers a layer's input for products whose columns are shared among devices, and
/// what sums the output of products whose rows are.
void add_input_exchange(Layer& layer, const TransformerShare& share);
void add_output_exchange(Layer& layer, const TransformerShare& share);

/// Norm, attention and its residual; norm, MLP and its residual.
void add_attention(Layer& layer, const Transformer& model, const TransformerShare& share);
void add_mlp(Layer& layer, const Transformer& model, const TransformerShare& share);
void add_norm(Layer& layer, const Transformer& model, const TransformerShare& share);

/// The table's lookup, before the first block; norm, logits and loss, behind the last.
void add_embedding(Layer& layer, const Transformer& model, const TransformerShare& share);
void add_head(Layer& layer, const Transformer& model, const TransformerShare& share);

/// Parameters of which every device holds a part of `shares`.
void add_parameters(Layer& layer, const TransformerShare& share, double parameters, double shares);

/// Adds to what forward leaves for backward.
void add_stash(Layer& layer, double bytes);

}  // namespace pipesim

#pragma once

#include "models/network/layer_parts.hpp"
#include "models/transformer/transformer.hpp"

namespace pipesim {

/// Of a layer's weights: hidden size, heads, inner width.
inline constexpr std::int64_t most_width = std::int64_t{1} << 24;

/// What the parts of a transformer's layer are made of: sizes of one sample on one device.
struct TransformerShare {
  double element = 2;   ///< Bytes of an activation or a weight.
  double gradient = 2;  ///< Bytes of a weight's gradient.
  double tokens = 0;
  double hidden = 0;
  double tensor = 1;          ///< Devices that share matrices.
  double sequence_parts = 1;  ///< Devices along the sequence for what is not sharded otherwise.
  double context_heads = 1;   ///< Devices along the sequence that exchange heads.
  int ring = 1;               ///< Groups of these that pass on keys and values, or gather them.
  bool gathers_context = false;
  double expert = 1;                 ///< Devices that share a layer's experts.
  double expert_tensor = 1;          ///< Devices that share an expert's matrices.
  double expert_sequence_parts = 1;  ///< Those of them that have tokens of their own.
  double queries = 0;                ///< Columns of all queries on this device.
  double keys = 0;                   ///< Of all keys.
  double values = 0;                 ///< Of all values.
  double attended = 0;               ///< Of what attention gives, a head's values for each query.
  double scores = 0;                 ///< Entries of all matrices of scores.
  double ffn = 0;
  bool async_tensor_parallel = true;
  LayerGroup group = LayerGroup::tensor;  ///< Among which inputs and outputs are exchanged.

  /// Elements of the residual stream, as they lie on this device between products.
  double stream() const { return tokens * hidden / sequence_parts; }
};

TransformerShare share_of(const Transformer& model, const Training& training);

/// Whether another product of the layer reads the same input, whose W keeps it for both.
enum class ProductInput { own, shared };

/// Adds a linear layer's three products: tokens × inputs into tokens × outputs. Between I and W
/// they keep their input, as it was gathered, and the gradient of their output.
void add_product(Layer& layer, const Transformer& model, const TransformerShare& share,
                 double inputs, double outputs, ProductInput input = ProductInput::own);

/// Adds a kernel bound by memory that moves so many bytes a sample; none where that is 0.
void add_elementwise(std::vector<Operator>& operators, double bytes);

/// Adds what gathers a layer's input for products whose columns are shared among devices, and
/// what sums the output of products whose rows are.
/// `width`: columns of a token.
void add_input_exchange(Layer& layer, const TransformerShare& share, double width);
void add_output_exchange(Layer& layer, const TransformerShare& share, double width);

/// Norm, attention and its residual; norm, MLP and its residual.
void add_attention(Layer& layer, const Transformer& model, const TransformerShare& share);
void add_mlp(Layer& layer, const Transformer& model, const TransformerShare& share);
void add_norm(Layer& layer, const Transformer& model, const TransformerShare& share);
void add_residual(Layer& layer, const Transformer& model, const TransformerShare& share);
/// An MLP's activation on so many rows of so many columns, what it keeps, and what its backward
/// needs; and an MLP of so many columns on this device, without norm and residual.
void add_activation(Layer& layer, const Transformer& model, const TransformerShare& share,
                    double rows, double columns);
void add_inner_mlp(Layer& layer, const Transformer& model, const TransformerShare& share,
                   double columns);

/// What gives the queries, keys and values of multi-head latent attention, turned.
void add_latent_projections(Layer& layer, const Transformer& model, const TransformerShare& share);
/// Norm, router, experts and the residual, in place of an MLP.
void add_experts(Layer& layer, const Transformer& model, const TransformerShare& share);

/// The table's lookup, before the first block; norm, logits and loss, behind the last.
void add_embedding(Layer& layer, const Transformer& model, const TransformerShare& share);
void add_head(Layer& layer, const Transformer& model, const TransformerShare& share);

/// Parameters of which every device holds a part of `shares`.
void add_parameters(Layer& layer, const TransformerShare& share, double parameters, double shares);

/// Parameters of experts, of which an expert group's devices hold each its part.
void add_expert_parameters(Layer& layer, const TransformerShare& share, double parameters);

/// Whole bytes, rounded up; bytes_limit where they are more.
Bytes rounded_bytes(double bytes);

/// Adds to what forward leaves for backward; to what of it stays where layers are computed again.
void add_stash(Layer& layer, double bytes);
void keep_stash(Layer& layer, double bytes);

/// Adds to what W reads.
void keep_for_weights(Layer& layer, double bytes);

/// What fused accumulation hands on beside the sum.
void add_handed_gradient(Layer& layer, double bytes);

/// Scratch that some part of the layer's backward needs.
void need_workspace(Layer& layer, double bytes);

}  // namespace pipesim

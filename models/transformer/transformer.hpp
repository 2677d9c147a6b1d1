#pragma once

#include <cstdint>
#include <vector>

#include "models/base/json_field.hpp"
#include "models/network/network.hpp"
#include "models/settings/training.hpp"
#include "models/transformer/latent_attention.hpp"
#include "models/transformer/mixture_of_experts.hpp"

namespace pipesim {

// Each in the order of its enum, or of false and true; silu is gated, as swiglu.
inline constexpr Choice hidden_act_choices[] = {
    {"gelu", "not gated"}, {"relu", "its input is not kept"}, {"silu", "gated, as swiglu"}};
inline constexpr Choice position_choices[] = {
    {"learned_absolute", "a table"}, {"rope", "queries and keys are turned"}, {"none", "none"}};
inline constexpr Choice normalization_choices[] = {{"LayerNorm", "weights and biases"},
                                                   {"RMSNorm", "weights only"}};

/// `model.kind: transformer`: a decoder as Megatron-LM builds it. A sample is one sequence. Names
/// are Megatron's; Hugging Face's are read too.
struct Transformer {
  enum class Activation { gelu, relu, swiglu };
  enum class Positions { learned, rotary, none };

  int num_layers = 1;
  std::int64_t hidden = 0;
  std::int64_t heads = 0;
  std::int64_t query_groups = 0;  ///< Heads of keys and values.
  std::int64_t head_size = 0;     ///< kv_channels
  std::int64_t ffn_hidden = 0;
  std::int64_t sequence = 0;
  std::int64_t vocabulary = 0;
  std::int64_t max_positions = 0;
  Activation activation = Activation::gelu;
  Positions positions = Positions::learned;
  bool rms_norm = false;
  bool linear_bias = true;
  bool tied_embeddings = true;
  bool attention_dropout = true;    ///< Whether masks are drawn and kept, whatever the rate.
  bool hidden_dropout = true;       ///< Behind the embedding, attention and MLP.
  bool activation_dropout = false;  ///< Inside the MLP, behind its activation.
  bool flash_attention = false;     ///< The matrix of scores is never in memory.
  bool fused_gradient_accumulation = false;  ///< Weight gradients are added where they are made.
  /// Tokens whose logits are in memory at once; their rest is computed again in the backward. 0:
  /// all of them.
  std::int64_t logits_chunk = 0;

  std::optional<LatentAttention> latent{};    ///< In place of heads that have their own keys.
  std::optional<MixtureOfExperts> mixture{};  ///< In place of the MLP of most blocks.
  bool fused_cross_entropy = false;           ///< Softmax, loss and its gradient in one kernel.

  bool gated() const { return activation == Activation::swiglu; }
  /// Of a head's queries and keys; of its values.
  std::int64_t query_head() const { return latent ? latent->query_head() : head_size; }
  std::int64_t value_head() const { return latent ? latent->value_head : head_size; }
};

/// How devices that share a sequence divide attention: `heads` of them exchange parts of it for
/// whole heads, and of these groups `ring` pass on keys and values, or gather them. heads · ring is
/// context_parallel.
struct ContextSplit {
  int heads = 1;
  int ring = 1;
  bool gathers = false;
};
/// As the config says, or a2a where every device gets whole groups of keys and values, else p2p.
ContextSplit context_split(const Transformer& model, const Parallelism& parallel);
/// What that is as a cp_comm_type.
ContextExchange context_exchange(const Transformer& model, const Parallelism& parallel);

/// Groups of keys and values on one device of those that share a layer's matrices: one where there
/// are more devices than groups.
std::int64_t query_groups_on_device(const Transformer& model, const Parallelism& parallel);

/// Throws InputError: heads that do not divide the hidden size, tensor_parallel that does not
/// divide the heads, and so on.
Transformer read_transformer(const Field& model, const Training& training);

/// Its layers on one device of those that share them: blocks, with the embedding as a part of the
/// first and the final norm, logits and loss as a part of the last. `with_ends` false: blocks
/// alone.
///
/// Stashed for the backward, in elements of a sample with b = 1 (Korthikanti et al.,
/// arXiv:2205.05198, eq. 1 to 4): inputs of norms, of products, of the activation; queries, keys,
/// values; softmax and its dropout's output; masks of a byte each.
Network transformer_network(const Transformer& model, const Training& training,
                            bool with_ends = true);

}  // namespace pipesim

#pragma once

#include <cstdint>
#include <optional>

#include "models/base/json_field.hpp"

namespace pipesim {

/// Experts in place of the MLP (GShard, arXiv:2006.16668; shared experts as in DeepSeekMoE,
/// arXiv:2401.06066): a router sends every token to its `top_k` among them. All get as many
/// tokens: a router is trained for that, and no other distribution is known.
struct MixtureOfExperts {
  std::int64_t experts = 0;        ///< num_experts
  std::int64_t top_k = 2;          ///< moe_router_topk
  std::int64_t ffn_hidden = 0;     ///< moe_ffn_hidden_size, of one expert.
  std::int64_t shared_hidden = 0;  ///< moe_shared_expert_intermediate_size; 0: none is shared.
  int dense_layers = 0;            ///< first_k_dense_replace: blocks in front that keep their MLP.
  bool router_bias = false;        ///< moe_router_enable_expert_bias: one more weight an expert.
};

/// Absent without `num_experts` (or n_routed_experts). `ffn_hidden`: the MLP's, the default of an
/// expert's. Throws InputError: experts that expert_parallel does not divide, more experts a token
/// than there are, more dense layers than layers.
std::optional<MixtureOfExperts> read_mixture_of_experts(const Field& model, int num_layers,
                                                        std::int64_t ffn_hidden,
                                                        int expert_parallel);

}  // namespace pipesim

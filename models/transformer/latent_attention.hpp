#pragma once

#include <cstdint>
#include <optional>

#include "models/base/json_field.hpp"

namespace pipesim {

/// Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434, 2.1): queries come from one narrow
/// vector of a token, keys and values of all heads from another. A head's key has a part without
/// position, its own, and a part with, the same for all heads.
struct LatentAttention {
  std::int64_t query_rank = 0;      ///< q_lora_rank; 0: queries come from the stream itself.
  std::int64_t key_value_rank = 0;  ///< kv_lora_rank
  std::int64_t plain_head = 128;    ///< qk_head_dim: of a query or key, without position.
  std::int64_t rotary_head = 64;    ///< qk_pos_emb_head_dim: with position.
  std::int64_t value_head = 128;    ///< v_head_dim

  /// Of a head's queries and keys.
  std::int64_t query_head() const { return plain_head + rotary_head; }
};

/// Absent unless `multi_latent_attention` is true, or a `kv_lora_rank` is given, as in the files of
/// Hugging Face. Throws InputError: a rank or a head's size without it.
std::optional<LatentAttention> read_latent_attention(const Field& model);

}  // namespace pipesim

#pragma once

#include <optional>

#include "models/base/json_field.hpp"

namespace pipesim {

/// What devices that share a sequence exchange, so that every query meets every key: Megatron-LM's
/// cp_comm_type.
enum class ContextExchange {
  p2p,         ///< Keys and values go round a ring beside attention (arXiv:2310.01889).
  a2a,         ///< Parts of the sequence for whole heads, before and behind (arXiv:2309.14509).
  all_gather,  ///< Keys and values are gathered before attention; nothing hides that.
  a2a_p2p,     ///< a2a among neighbours, whose groups form a ring.
};
inline constexpr Choice cp_comm_type_choices[] = {
    {"p2p", "keys and values go round a ring, beside attention"},
    {"a2a", "parts of the sequence for whole heads"},
    {"all_gather", "keys and values are gathered before attention"},
    {"a2a+p2p", "a2a among hierarchical_context_parallel_sizes' first, p2p among its second"},
};

/// How the devices of a stage share its work, beside replicas of the whole pipeline.
struct Parallelism {
  int tensor = 1;   ///< Devices that share every layer's matrices (arXiv:1909.08053).
  int context = 1;  ///< Devices that share a sequence.
  int expert = 1;   ///< Devices that share a layer's experts.
  /// Devices that share each expert's matrices; absent: expert_tensor_ranks() in training.hpp.
  std::optional<int> expert_tensor{};
  std::optional<ContextExchange> context_exchange{};  ///< Absent: as context_split() finds.
  int context_heads = 1;  ///< With a2a_p2p: the neighbours that exchange heads.
  /// What is not sharded by tensor parallelism is sharded along the sequence (arXiv:2205.05198).
  bool sequence = false;
  int zero_stage = 0;  ///< What replicas share: 1 optimizer states, 2 gradients too, 3 all.
  /// Replicas sum gradients beside the last backward, bucket by bucket, instead of behind it.
  bool overlap_grad_reduce = false;
  /// The input gradient's all-reduce runs beside the product of the weight gradient.
  bool async_tensor_parallel = true;

  /// Ranks along the sequence for what tensor parallelism alone would repeat on every device.
  int sequence_ranks() const { return sequence ? tensor : 1; }
};

/// The keys of `training` about it. Throws InputError: for a kind of model whose layers can't be
/// shared, anything but 1; experts that the ranks of a stage can't be divided among.
Parallelism read_parallelism(const Field& training, std::string_view model_kind, int data_parallel);

}  // namespace pipesim

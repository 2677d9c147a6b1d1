#pragma once

#include "models/json_field.hpp"

namespace pipesim {

/// How the devices of a stage share its work, beside replicas of the whole pipeline.
struct Parallelism {
  int tensor = 1;   ///< Devices that share every layer's matrices (arXiv:1909.08053).
  int context = 1;  ///< Devices that share a sequence.
  int expert = 1;   ///< Devices that share a layer's experts: a part of data × context.
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
/// shared, anything but 1; expert_parallel that does not divide the replicas.
Parallelism read_parallelism(const Field& training, std::string_view model_kind, int data_parallel);

}  // namespace pipesim

#pragma once

#include "sim/step/experiment.hpp"

namespace pipesim {

/// Summing a stage's gradients over the replicas and over `copies` of the stage, so that all, or
/// with ZeRO each its part, have the sum.
Time gradient_sum_time(const Experiment& experiment, int stage, int copies, bool over_replicas);

/// Gathering a stage's weights where each replica has updated a part of them: ZeRO stages 1 and 2.
Time weight_gather_time(const Experiment& experiment, int stage);

/// Summing the gradients of a table of embeddings that the first and the last stage both hold.
Time shared_embedding_time(const Experiment& experiment);

/// What a stage's weights take to be gathered over the replicas, its gradients to be scattered.
Time replica_gather_time(const Config& config, int device, const StageCost& stage);
Time replica_scatter_time(const Config& config, int device, const StageCost& stage);

}  // namespace pipesim

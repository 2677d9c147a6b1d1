#pragma once

#include <optional>
#include <string>

#include "models/base/json_field.hpp"
#include "models/base/units.hpp"
#include "models/settings/parallelism.hpp"
#include "models/settings/pipeline_settings.hpp"
#include "models/settings/precision.hpp"

namespace pipesim {

enum class Optimizer { sgd, momentum, adam, rmsprop };

/// Values that the optimizer keeps for each parameter, beside the weight and its gradient.
constexpr int states_per_parameter(Optimizer optimizer) {
  return optimizer == Optimizer::sgd ? 0 : optimizer == Optimizer::adam ? 2 : 1;
}

/// In the order of Optimizer.
inline constexpr Choice optimizer_choices[] = {
    {"sgd", "no states"},
    {"momentum", "one state a parameter beside weight and gradient"},
    {"adam", "two states a parameter beside weight and gradient"},
    {"rmsprop", "one state a parameter beside weight and gradient"},
};
inline constexpr Choice weight_gradient_choices[] = {
    {"accumulated", "every backward adds to a buffer of gradients"},
    {"deferred", "micro-batches run only I; one W per stage computes all of it and updates"},
};

/// The `training` section, with the number of micro-batches worked out.
struct Training {
  std::int64_t batch_size = 1;        ///< Samples of one pipeline replica in one step.
  std::int64_t micro_batch_size = 1;  ///< batch_size / micro_batches.
  int micro_batches = 1;
  int data_parallel = 1;  ///< Pipeline replicas.
  Parallelism parallel{};
  Optimizer optimizer = Optimizer::sgd;
  std::optional<double> bytes_per_parameter{};  ///< Weight, gradient and optimizer state together.
  Precision precision = Precision::fp32;
  Precision gradient_precision = Precision::fp32;  ///< Of the sum over the micro-batches.
  /// Of the optimizer's states, and of a master copy of the weights where that is not `precision`.
  Precision optimizer_precision = Precision::fp32;
  /// One W per stage computes the weight gradient of the whole mini-batch and updates the weights;
  /// otherwise every backward adds to a buffer of gradients.
  bool deferred_weight_gradient = false;
  double learning_rate = 0.001;
  int epochs = 1;
  std::int64_t samples = 256;
  std::int64_t seed = 42;
};

/// Devices that share an expert's matrices: tensor_parallel unless the config says otherwise, as in
/// Megatron-LM; 1 where experts are spread over more devices than are left then.
int expert_tensor_ranks(const Training& training);

/// Devices that hold the same weights: data × context; and the same experts, of all that a stage
/// has.
std::int64_t weight_replicas(const Training& training);
std::int64_t expert_replicas(const Training& training);

/// As a config names it: "sgd".
std::string_view name_of(Optimizer optimizer);

/// "accumulated" or "deferred".
std::string_view weight_gradient_name(const Training& training);

/// `config` is the whole document: the section may be missing, and an error about the batch size
/// points at the value that has to change.
/// Throws InputError when micro_batches does not divide the batch size: with both numbers and the
/// nearest divisors.
/// Or when the weight gradient is deferred beside re-computation or replicas.
Training read_training(const Field& config, const PipelineSettings& pipeline);

}  // namespace pipesim

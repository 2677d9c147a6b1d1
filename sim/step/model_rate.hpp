#pragma once

#include <optional>

#include "sim/step/experiment.hpp"
#include "sim/step/metrics.hpp"

namespace pipesim {

/// How much of the devices a step makes use of.
struct ModelRate {
  double flops_per_s = 0;  ///< Model FLOPs of a step, per device and second of the step.
  /// Of the devices' peak rate at training.precision, on average; absent where that isn't known.
  std::optional<double> utilization{};
};

/// Absent where the model's FLOPs aren't known, or the step takes no time.
std::optional<ModelRate> model_rate(const Experiment& experiment, const Metrics& metrics);

}  // namespace pipesim

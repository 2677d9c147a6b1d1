#include "sim/step/model_rate.hpp"

#include "models/cost/model_size.hpp"

namespace pipesim {

namespace {

std::optional<double> mean_peak(const Config& config) {
  double total = 0;
  for (const Device& device : config.cluster.kinds) {
    const std::optional<double> peak = device.peak(config.training.precision);
    if (!peak) return std::nullopt;
    total += *peak;
  }
  return total / static_cast<double>(config.cluster.kinds.size());
}

}  // namespace

std::optional<ModelRate> model_rate(const Experiment& experiment, const Metrics& metrics) {
  const Config& config = experiment.config;
  const std::optional<double> flops = model_flops(config);
  if (!flops || metrics.step_time == Time{}) return std::nullopt;
  const Training& training = config.training;
  const double samples = static_cast<double>(training.batch_size) * training.data_parallel;
  ModelRate rate{.flops_per_s =
                     *flops * samples / (seconds(metrics.step_time) * config.cluster.devices)};
  if (const std::optional<double> peak = mean_peak(config)) {
    rate.utilization = rate.flops_per_s / *peak;
  }
  return rate;
}

}  // namespace pipesim

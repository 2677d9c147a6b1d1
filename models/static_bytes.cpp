#include "models/static_bytes.hpp"

#include <algorithm>
#include <cmath>

namespace pipesim {

namespace {

bool is_mixed(const Training& training) {
  return training.optimizer_precision != training.precision;
}

// As many bytes at another precision.
Bytes at(Bytes weights, const Training& training, Precision precision) {
  return capped_product(weights / bytes_per_element(training.precision),
                        bytes_per_element(precision));
}

Bytes share(Bytes bytes, const Training& training, int from_stage) {
  if (training.parallel.zero_stage < from_stage) return bytes;
  const std::int64_t replicas = std::int64_t{training.data_parallel} * training.parallel.context;
  return (bytes + replicas - 1) / replicas;
}

// All of it as so many bytes a parameter; what is not said to be weights or gradients is state.
void spread(Bytes weights, const Training& training, StageCost& cost) {
  const double parameters =
      static_cast<double>(weights) / static_cast<double>(bytes_per_element(training.precision));
  const double bytes = parameters * *training.bytes_per_parameter;
  const Bytes total = bytes < static_cast<double>(bytes_limit) ? std::llround(bytes) : bytes_limit;
  cost.weights = std::min(cost.weights, total);
  cost.gradients = std::min(cost.gradients, total - cost.weights);
  cost.optimizer_state = total - cost.weights - cost.gradients;
}

// Bytes read and written for each parameter.
double update_traffic(const Training& training) {
  const int states = states_per_parameter(training.optimizer);
  const auto element = static_cast<double>(bytes_per_element(training.precision));
  if (!is_mixed(training)) return (3 + 2 * states) * element;
  const auto gradient = static_cast<double>(bytes_per_element(training.gradient_precision));
  const auto wide = static_cast<double>(bytes_per_element(training.optimizer_precision));
  const double copy = gradient + wide;
  const double scale_norm_clip = 5 * wide;
  const double update = (3 + 2 * states) * wide;
  const double copy_back = wide + element;
  const double check_and_zero = wide + gradient;
  return copy + scale_norm_clip + update + copy_back + check_and_zero;
}

}  // namespace

void set_static_bytes(Bytes weights, const Training& training, StageCost& cost) {
  // A deferred gradient has no buffer to be accumulated in.
  const Bytes gradients =
      training.deferred_weight_gradient ? 0 : at(weights, training, training.gradient_precision);
  const int copies = states_per_parameter(training.optimizer) + (is_mixed(training) ? 1 : 0);
  const Bytes states = capped_product(at(weights, training, training.optimizer_precision), copies);
  cost.weights = weights;
  cost.gradients = gradients;
  cost.optimizer_state = states;
  if (training.bytes_per_parameter) spread(weights, training, cost);
  cost.summed_gradients = gradients > 0 ? gradients : cost.weights;
  cost.gathered_weights = weights;
  cost.weights = share(cost.weights, training, 3);
  cost.gradients = share(cost.gradients, training, 2);
  cost.optimizer_state = share(cost.optimizer_state, training, 1);
}

Time optimizer_time(Bytes weights, const Training& training, const Device& device) {
  if (weights == 0 || !device.memory_bandwidth) return {};
  const KernelEfficiency plain{.overhead = device.launch_overhead};
  const KernelEfficiency& efficiency = device.efficiency ? device.efficiency->elementwise : plain;
  const double parameters = static_cast<double>(share(weights, training, 1)) /
                            static_cast<double>(bytes_per_element(training.precision));
  return to_time(device.slowdown * (parameters * update_traffic(training) /
                                        (*device.memory_bandwidth * efficiency.memory) +
                                    efficiency.overhead));
}

}  // namespace pipesim

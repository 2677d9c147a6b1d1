#include "models/cost/static_bytes.hpp"

#include <algorithm>
#include <cmath>

namespace pipesim {

namespace {

bool is_mixed(const Training& training) {
  return training.optimizer_precision != training.precision;
}

// The bytes of these weights at another precision.
Bytes at(Bytes weights, const Training& training, Precision precision) {
  return capped_product(weights / bytes_per_element(training.precision),
                        bytes_per_element(precision));
}

Bytes share(Bytes bytes, const Training& training, int from_stage, std::int64_t replicas) {
  if (training.parallel.zero_stage < from_stage) return bytes;
  return (bytes + replicas - 1) / replicas;
}

Bytes share(StageWeights weights, const Training& training, int from_stage) {
  return capped_sum(share(weights.dense, training, from_stage, weight_replicas(training)),
                    share(weights.experts, training, from_stage, expert_replicas(training)));
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

// Sets what all of these weights take on a device, divided among so many replicas.
void add_static_bytes(Bytes weights, const Training& training, std::int64_t replicas,
                      StageCost& cost) {
  StageCost part{.weights = weights};
  // A deferred gradient has no buffer to be accumulated in.
  part.gradients =
      training.deferred_weight_gradient ? 0 : at(weights, training, training.gradient_precision);
  const int copies = states_per_parameter(training.optimizer) + (is_mixed(training) ? 1 : 0);
  part.optimizer_state =
      capped_product(at(weights, training, training.optimizer_precision), copies);
  if (training.bytes_per_parameter) spread(weights, training, part);
  const Bytes summed = part.gradients > 0 ? part.gradients : part.weights;
  cost.summed_gradients = capped_sum(cost.summed_gradients, summed);
  cost.gathered_weights = capped_sum(cost.gathered_weights, weights);
  cost.weights = capped_sum(cost.weights, share(part.weights, training, 3, replicas));
  cost.gradients = capped_sum(cost.gradients, share(part.gradients, training, 2, replicas));
  cost.optimizer_state =
      capped_sum(cost.optimizer_state, share(part.optimizer_state, training, 1, replicas));
}

}  // namespace

void set_static_bytes(StageWeights weights, const Training& training, StageCost& cost) {
  cost.weights = cost.gradients = cost.optimizer_state = 0;
  cost.summed_gradients = cost.gathered_weights = 0;
  add_static_bytes(weights.experts, training, expert_replicas(training), cost);
  cost.expert_gradients = cost.summed_gradients;
  cost.expert_weights = cost.gathered_weights;
  add_static_bytes(weights.dense, training, weight_replicas(training), cost);
  const Divided divided = divided_weights(training);
  const bool shares_weights = training.parallel.zero_stage == 3;
  cost.unsharded_weights = shares_weights ? capped_sum(divided.dense ? weights.dense : 0,
                                                       divided.experts ? weights.experts : 0)
                                          : 0;
}

Divided divided_weights(const Training& training) {
  return {.dense = weight_replicas(training) > 1, .experts = expert_replicas(training) > 1};
}

Time optimizer_time(StageWeights weights, const Training& training, const Device& device,
                    double slowdown) {
  const Bytes updated = share(weights, training, 1);
  if (updated == 0 || !device.memory_bandwidth) return {};
  const KernelEfficiency plain{.overhead = device.launch_overhead};
  const KernelEfficiency& efficiency = device.efficiency ? device.efficiency->elementwise : plain;
  const double parameters =
      static_cast<double>(updated) / static_cast<double>(bytes_per_element(training.precision));
  return to_time(slowdown * (parameters * update_traffic(training) /
                                 (*device.memory_bandwidth * efficiency.memory) +
                             efficiency.overhead));
}

}  // namespace pipesim

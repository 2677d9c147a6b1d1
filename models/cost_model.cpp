#include "models/cost_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pipesim {

namespace {

InputError missing_figure(const Device& device, std::string_view key, std::string_view wanted,
                          const Source& source) {
  return source.error("/cluster/device",
                      fmt::format("states no {}, which the model's times need", wanted),
                      device.name,
                      fmt::format("give the device as an object with \"{}\", or choose another "
                                  "device or training.precision",
                                  key));
}

// Traffic of one update: the weight and each state are read and written, the gradient is read.
Time optimizer_time(Bytes weights, const Training& training, const Device& device) {
  if (weights == 0 || !device.memory_bandwidth) return {};
  const int passes = 3 + 2 * states_per_parameter(training.optimizer);
  return to_time(static_cast<double>(passes) * static_cast<double>(weights) /
                     *device.memory_bandwidth +
                 device.launch_overhead);
}

void set_static_bytes(Bytes weights, const Training& training, StageCost& cost) {
  cost.weights = weights;
  cost.gradients = weights;
  cost.optimizer_state = capped_product(weights, states_per_parameter(training.optimizer));
  if (training.bytes_per_parameter) {
    const double parameters =
        static_cast<double>(weights) / static_cast<double>(bytes_per_element(training.precision));
    const double bytes = parameters * *training.bytes_per_parameter;
    const Bytes total =
        bytes < static_cast<double>(bytes_limit) ? std::llround(bytes) : bytes_limit;
    cost.weights = std::min(weights, total);
    cost.gradients = std::min(weights, total - cost.weights);
    cost.optimizer_state = total - cost.weights - cost.gradients;
  }
}

// Between two layers of a stage one tensor is alive while the next is computed: two buffers, each
// as wide as the widest, or as many as there are places between layers.
Bytes scratch_between(const Network& network, std::size_t first, std::size_t last) {
  Bytes widest = 0;
  for (std::size_t l = first; l + 1 < last; ++l) {
    widest = std::max(widest, network.layers[l].output_bytes);
  }
  return capped_product(widest, static_cast<Bytes>(std::min<std::size_t>(2, last - first - 1)));
}

}  // namespace

Time operator_time(const Operator& op, const Device& device, const Training& training,
                   const Source& source) {
  const auto samples = static_cast<double>(training.micro_batch_size);
  if (op.seconds > 0) return to_time(op.seconds * samples);
  if (op.flops == 0 && op.bytes == 0 && op.fixed_bytes == 0) return {};
  const auto peak = device.peak(training.precision);
  if (!peak) {
    throw missing_figure(
        device, "flops",
        fmt::format("{} rate", precision_names[static_cast<std::size_t>(training.precision)]),
        source);
  }
  if (!device.memory_bandwidth) {
    throw missing_figure(device, "memory_bandwidth", "memory bandwidth", source);
  }
  const double compute = op.flops * samples / *peak;
  const double memory = (op.bytes * samples + op.fixed_bytes) / *device.memory_bandwidth;
  return to_time(std::max(compute, memory) + device.launch_overhead);
}

std::vector<LayerTime> layer_times(const Network& network, const Device& device,
                                   const Training& training, const Source& source) {
  const auto total = [&](const std::vector<Operator>& operators) {
    Time sum;
    for (const Operator& op : operators) {
      sum = capped_sum(sum, operator_time(op, device, training, source));
    }
    return sum;
  };
  std::vector<LayerTime> times;
  times.reserve(network.layers.size());
  for (const Layer& layer : network.layers) {
    times.push_back({.forward = total(layer.forward),
                     .backward_input = total(layer.backward_input),
                     .backward_weight = total(layer.backward_weight)});
  }
  return times;
}

StageCost stage_cost(const Network& network, std::span<const LayerTime> times, std::size_t first,
                     std::size_t last, const Training& training, const Device& device) {
  StageCost cost;
  Bytes weights = 0;
  Bytes stash = 0;
  for (std::size_t l = first; l < last; ++l) {
    cost.forward = capped_sum(cost.forward, times[l].forward);
    cost.backward_input = capped_sum(cost.backward_input, times[l].backward_input);
    cost.backward_weight = capped_sum(cost.backward_weight, times[l].backward_weight);
    weights = capped_sum(weights, network.layers[l].parameter_bytes);
    stash = capped_sum(stash, network.layers[l].stash_bytes);
  }
  cost.backward = capped_sum(cost.backward_input, cost.backward_weight);
  cost.recompute = cost.forward;
  cost.optimizer = optimizer_time(weights, training, device);
  set_static_bytes(weights, training, cost);

  const Bytes samples = training.micro_batch_size;
  cost.boundary = capped_product(samples, network.bytes_into(first));
  cost.output = capped_product(samples, network.layers[last - 1].output_bytes);
  cost.workspace = capped_product(samples, scratch_between(network, first, last));
  stash = capped_product(samples, stash);
  cost.stash =
      network.stash_holds_input ? std::max(stash, cost.boundary) : capped_sum(stash, cost.boundary);
  // Without knowing which tensors the weight gradient reads, all of them wait for it.
  cost.weight_stash = cost.stash;
  return cost;
}

StageCost stage_cost(const StageCosts& costs, int stage, int stages) {
  StageCost cost{.forward = costs.forward[stage],
                 .backward = costs.backward[stage],
                 .recompute = costs.recompute[stage],
                 .weights = costs.parameters[stage],
                 .stash = costs.stash[stage],
                 .weight_stash = costs.weight_stash[stage],
                 .boundary = costs.boundary[stage],
                 .output = stage + 1 < stages ? costs.boundary[stage + 1] : 0};
  if (costs.backward_input) cost.backward_input = (*costs.backward_input)[stage];
  if (costs.backward_weight) cost.backward_weight = (*costs.backward_weight)[stage];
  return cost;
}

Bytes peak_bytes(const StageCost& cost, InFlight in_flight, bool is_first) {
  const Bytes kept = capped_sum(capped_product(cost.boundary, in_flight.inputs),
                                capped_product(cost.stash - cost.boundary, in_flight.insides));
  const Bytes messages = capped_sum(cost.output, is_first ? 0 : cost.boundary);
  return capped_sum(capped_sum(cost.static_bytes(), kept), capped_sum(messages, cost.workspace));
}

}  // namespace pipesim

#include "models/cost_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace pipesim {

namespace {

InputError missing_figure(const Device& device, std::string_view key, std::string_view wanted,
                          const Source& source) {
  return source.error("/cluster/device",
                      fmt::format("states no {}, which the model's times need", wanted),
                      quoted(device.name),
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

StageCoster::StageCoster(const Network& network, const std::vector<LayerTime>& times,
                         const Training& training, const Device& device)
    : network_(network), training_(training), device_(device), widest_(1) {
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const Layer& layer = network.layers[l];
    forward_.push_back(capped_sum(forward_.back(), times[l].forward));
    backward_input_.push_back(capped_sum(backward_input_.back(), times[l].backward_input));
    backward_weight_.push_back(capped_sum(backward_weight_.back(), times[l].backward_weight));
    weights_.push_back(capped_sum(weights_.back(), layer.parameter_bytes));
    stash_.push_back(capped_sum(stash_.back(), layer.stash_bytes));
    widest_[0].push_back(layer.output_bytes);
  }
  for (std::size_t half = 1; 2 * half <= network.layers.size(); half *= 2) {
    const std::vector<Bytes>& narrow = widest_.back();
    std::vector<Bytes> wide;
    for (std::size_t l = 0; l + half < narrow.size(); ++l) {
      wide.push_back(std::max(narrow[l], narrow[l + half]));
    }
    widest_.push_back(std::move(wide));
  }
}

// Two ranges of a power of two cover any range.
Bytes StageCoster::widest_output(std::size_t first, std::size_t last) const {
  if (first == last) return 0;
  const auto level = static_cast<std::size_t>(std::bit_width(last - first) - 1);
  const std::vector<Bytes>& row = widest_[level];
  return std::max(row[first], row[last - (std::size_t{1} << level)]);
}

// Between two layers of a stage one tensor is alive while the next is computed: two buffers, each
// as wide as the widest, or as many as there are places between layers.
Bytes StageCoster::scratch_between(std::size_t first, std::size_t last) const {
  const std::size_t places = last - first - 1;
  return capped_product(widest_output(first, last - 1),
                        static_cast<Bytes>(std::min<std::size_t>(2, places)));
}

Time StageCoster::compute_time(std::size_t first, std::size_t last, bool with_recompute) const {
  const Time forward = forward_[last] - forward_[first];
  const Time backward = capped_sum(backward_input_[last] - backward_input_[first],
                                   backward_weight_[last] - backward_weight_[first]);
  const Time pass = capped_sum(forward, backward);
  return with_recompute ? capped_sum(pass, forward) : pass;
}

StageCost StageCoster::cost(std::size_t first, std::size_t last) const {
  StageCost cost;
  cost.forward = forward_[last] - forward_[first];
  cost.backward_input = backward_input_[last] - backward_input_[first];
  cost.backward_weight = backward_weight_[last] - backward_weight_[first];
  cost.backward = capped_sum(cost.backward_input, cost.backward_weight);
  cost.recompute = cost.forward;
  const Bytes weights = weights_[last] - weights_[first];
  cost.optimizer = optimizer_time(weights, training_, device_);
  set_static_bytes(weights, training_, cost);

  const Bytes samples = training_.micro_batch_size;
  const Bytes stash = capped_product(samples, stash_[last] - stash_[first]);
  cost.boundary = capped_product(samples, network_.bytes_into(first));
  cost.output = capped_product(samples, network_.layers[last - 1].output_bytes);
  cost.workspace = capped_product(samples, scratch_between(first, last));
  cost.stash = network_.stash_holds_input ? std::max(stash, cost.boundary)
                                          : capped_sum(stash, cost.boundary);
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

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

// A deferred gradient has no buffer to be accumulated in.
void set_static_bytes(Bytes weights, const Training& training, StageCost& cost) {
  const Bytes gradients = training.deferred_weight_gradient ? 0 : weights;
  cost.weights = weights;
  cost.gradients = gradients;
  cost.optimizer_state = capped_product(weights, states_per_parameter(training.optimizer));
  if (training.bytes_per_parameter) {
    const double parameters =
        static_cast<double>(weights) / static_cast<double>(bytes_per_element(training.precision));
    const double bytes = parameters * *training.bytes_per_parameter;
    const Bytes total =
        bytes < static_cast<double>(bytes_limit) ? std::llround(bytes) : bytes_limit;
    cost.weights = std::min(weights, total);
    cost.gradients = std::min(gradients, total - cost.weights);
    cost.optimizer_state = total - cost.weights - cost.gradients;
  }
}

std::vector<Bytes> each_layer(const Network& network, Bytes Layer::*figure) {
  std::vector<Bytes> figures;
  for (const Layer& layer : network.layers) figures.push_back(layer.*figure);
  return figures;
}

}  // namespace

Time operator_time(const Operator& op, const Device& device, const Training& training,
                   const Source& source, double working_set) {
  const auto samples = static_cast<double>(training.micro_batch_size);
  if (op.seconds > 0) return to_time(op.seconds * samples);
  const KernelRates& rates = device.kernel_rates[static_cast<std::size_t>(training.precision)];
  if (op.kernel != Kernel::other && !rates.empty()) {
    const double rate = rates.rate(op.kernel, samples, op.weights, working_set);
    return to_time(op.flops * samples / rate + device.launch_overhead);
  }
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
  const double bandwidth = op.kernel == Kernel::other && device.cache_bandwidth
                               ? *device.cache_bandwidth
                               : *device.memory_bandwidth;
  const double memory = (op.bytes * samples + op.fixed_bytes) / bandwidth;
  return to_time(std::max(compute, memory) + device.launch_overhead);
}

std::vector<LayerTime> layer_times(const Network& network, const Device& device,
                                   const Training& training, const Source& source) {
  double working_set = 0;
  for (const Layer& layer : network.layers) {
    working_set += static_cast<double>(layer.parameter_bytes);
  }
  const auto total = [&](const std::vector<Operator>& operators, const Training& batch) {
    Time sum;
    for (const Operator& op : operators) {
      sum = capped_sum(sum, operator_time(op, device, batch, source, working_set));
    }
    return sum;
  };
  Training whole = training;
  whole.micro_batch_size = training.batch_size;
  std::vector<LayerTime> times;
  times.reserve(network.layers.size());
  for (const Layer& layer : network.layers) {
    LayerTime& time = times.emplace_back();
    time.forward = total(layer.forward, training);
    time.backward_input = total(layer.backward_input, training);
    time.backward_weight = total(layer.backward_weight, training);
    if (training.deferred_weight_gradient) {
      time.deferred_weight = total(layer.backward_weight, whole);
    }
  }
  return times;
}

StageCoster::StageCoster(const Network& network, const std::vector<LayerTime>& times,
                         const Training& training, const Device& device)
    : network_(network),
      training_(training),
      device_(device),
      widest_output_(each_layer(network, &Layer::output_bytes)),
      largest_weights_(each_layer(network, &Layer::parameter_bytes)) {
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const Layer& layer = network.layers[l];
    forward_.push_back(capped_sum(forward_.back(), times[l].forward));
    backward_input_.push_back(capped_sum(backward_input_.back(), times[l].backward_input));
    backward_weight_.push_back(capped_sum(backward_weight_.back(), times[l].backward_weight));
    deferred_weight_.push_back(capped_sum(deferred_weight_.back(), times[l].deferred_weight));
    weights_.push_back(capped_sum(weights_.back(), layer.parameter_bytes));
    stash_.push_back(capped_sum(stash_.back(), layer.stash_bytes));
    gradient_stash_.push_back(capped_sum(gradient_stash_.back(), layer.gradient_stash_bytes));
  }
}

// Between two layers of a stage one tensor is alive while the next is computed: two buffers, each
// as wide as the widest, or as many as there are places between layers.
Bytes StageCoster::scratch_between(std::size_t first, std::size_t last) const {
  const std::size_t places = last - first - 1;
  return capped_product(widest_output_(first, last - 1),
                        static_cast<Bytes>(std::min<std::size_t>(2, places)));
}

Time StageCoster::update_time(std::size_t first, std::size_t last) const {
  return optimizer_time(weights_[last] - weights_[first], training_, device_);
}

// Plain descent is the product itself, into the weights; other optimizers take their own time.
Time StageCoster::deferred_weight_time(std::size_t first, std::size_t last) const {
  const Time product = deferred_weight_[last] - deferred_weight_[first];
  return training_.optimizer == Optimizer::sgd ? product
                                               : capped_sum(product, update_time(first, last));
}

Time StageCoster::compute_time(std::size_t first, std::size_t last, bool with_recompute) const {
  const Time forward = forward_[last] - forward_[first];
  const Time backward_input = backward_input_[last] - backward_input_[first];
  if (training_.deferred_weight_gradient) {
    return capped_sum(capped_product(capped_sum(forward, backward_input), training_.micro_batches),
                      deferred_weight_time(first, last));
  }
  const Time backward =
      capped_sum(backward_input, backward_weight_[last] - backward_weight_[first]);
  const Time pass = capped_sum(forward, backward);
  return with_recompute ? capped_sum(pass, forward) : pass;
}

// sgd and momentum descend into what they keep, layer by layer; adam and rmsprop need the gradient
// of a layer as it is.
void StageCoster::defer_weight_gradient(std::size_t first, std::size_t last,
                                        StageCost& cost) const {
  cost.deferred_micro_batches = training_.micro_batches;
  cost.backward_weight = deferred_weight_time(first, last);
  cost.optimizer = {};
  if (training_.optimizer == Optimizer::adam || training_.optimizer == Optimizer::rmsprop) {
    cost.update_workspace = largest_weights_(first, last);
  }
}

StageCost StageCoster::cost(std::size_t first, std::size_t last) const {
  StageCost cost;
  cost.forward = forward_[last] - forward_[first];
  cost.backward_input = backward_input_[last] - backward_input_[first];
  cost.backward_weight = backward_weight_[last] - backward_weight_[first];
  cost.backward = capped_sum(cost.backward_input, cost.backward_weight);
  cost.recompute = cost.forward;
  const Bytes weights = weights_[last] - weights_[first];
  cost.optimizer = update_time(first, last);
  set_static_bytes(weights, training_, cost);

  const Bytes samples = training_.micro_batch_size;
  const Bytes stash = capped_product(samples, stash_[last] - stash_[first]);
  cost.boundary = capped_product(samples, network_.bytes_into(first));
  cost.output = capped_product(samples, network_.layers[last - 1].output_bytes);
  cost.workspace = capped_product(samples, scratch_between(first, last));
  cost.stash = network_.stash_holds_input ? std::max(stash, cost.boundary)
                                          : capped_sum(stash, cost.boundary);
  // All of it waits for W, and the gradients between the layers too, where the model knows them.
  cost.weight_stash = capped_sum(
      cost.stash, capped_product(samples, gradient_stash_[last - 1] - gradient_stash_[first]));
  if (training_.deferred_weight_gradient) defer_weight_gradient(first, last, cost);
  return cost;
}

StageCost stage_cost(const StageCosts& costs, int stage, int stages, const Training& training) {
  StageCost cost{.forward = costs.forward[stage],
                 .backward = costs.backward[stage],
                 .recompute = costs.recompute[stage],
                 .weights = costs.parameters[stage],
                 .stash = costs.stash[stage],
                 .weight_stash = costs.weight_stash[stage],
                 .boundary = costs.boundary[stage],
                 .output = stage + 1 < stages ? costs.boundary[stage + 1] : 0};
  if (costs.overlapped) cost.overlapped = (*costs.overlapped)[stage];
  if (costs.backward_input) cost.backward_input = (*costs.backward_input)[stage];
  if (costs.backward_weight) cost.backward_weight = (*costs.backward_weight)[stage];
  if (training.deferred_weight_gradient) {
    cost.deferred_micro_batches = training.micro_batches;
    cost.backward_weight = capped_product(cost.backward_weight, training.micro_batches);
  }
  return cost;
}

Bytes peak_bytes(const StageCost& cost, InFlight in_flight, bool is_first) {
  const Bytes messages = capped_sum(cost.output, is_first ? 0 : cost.boundary);
  if (cost.deferred_micro_batches > 0) {  // The last I, or W.
    const Bytes kept = capped_product(cost.weight_stash, cost.deferred_micro_batches);
    const Bytes scratch = capped_sum(messages, cost.input_gradient_workspace());
    return capped_sum(capped_sum(cost.static_bytes(), kept),
                      std::max(scratch, cost.update_workspace));
  }
  const Bytes insides = capped_product(cost.stash - cost.boundary, in_flight.insides);
  const Bytes for_weights = capped_product(cost.weight_stash, in_flight.weights);
  const Bytes kept =
      capped_sum(capped_product(cost.boundary, in_flight.inputs), capped_sum(insides, for_weights));
  return capped_sum(capped_sum(cost.static_bytes(), kept), capped_sum(messages, cost.workspace));
}

}  // namespace pipesim

#include "models/cost_model.hpp"

#include <algorithm>

#include "models/static_bytes.hpp"

namespace pipesim {

namespace {

std::vector<Bytes> each_layer(const Network& network, Bytes Layer::*figure) {
  std::vector<Bytes> figures;
  for (const Layer& layer : network.layers) figures.push_back(layer.*figure);
  return figures;
}

// What is held when a layer's backward runs: its scratch, and the stash of the layers up to it, of
// a micro-batch; the layers behind it have released theirs.
std::vector<Bytes> each_workspace(const Network& network, const Training& training) {
  std::vector<Bytes> bytes;
  Bytes stash = 0;
  for (const Layer& layer : network.layers) {
    stash = capped_sum(stash, layer.stash_bytes);
    const Bytes held =
        capped_product(capped_sum(stash, layer.workspace_bytes), training.micro_batch_size);
    bytes.push_back(capped_sum(held, layer.fixed_workspace_bytes));
  }
  return bytes;
}

}  // namespace

StageCoster::StageCoster(const Network& network, const std::vector<LayerTime>& times,
                         const Training& training, const Device& device)
    : network_(network),
      training_(training),
      device_(device),
      widest_output_(each_layer(network, &Layer::output_bytes)),
      largest_weights_(each_layer(network, &Layer::parameter_bytes)),
      held_in_backward_(each_workspace(network, training)) {
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const Layer& layer = network.layers[l];
    forward_.push_back(capped_sum(forward_.back(), times[l].forward));
    backward_input_.push_back(capped_sum(backward_input_.back(), times[l].backward_input));
    backward_weight_.push_back(capped_sum(backward_weight_.back(), times[l].backward_weight));
    backward_.push_back(capped_sum(backward_.back(), times[l].backward));
    deferred_weight_.push_back(capped_sum(deferred_weight_.back(), times[l].deferred_weight));
    weights_.push_back(capped_sum(weights_.back(), layer.parameter_bytes));
    experts_.push_back(capped_sum(experts_.back(), layer.expert_bytes));
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

// Beside the whole stash.
Bytes StageCoster::scratch_within(std::size_t first, std::size_t last) const {
  const Bytes stash = capped_product(training_.micro_batch_size, stash_[last]);
  return std::max<Bytes>(0, held_in_backward_(first, last) - stash);
}

StageWeights StageCoster::weights_of(std::size_t first, std::size_t last) const {
  const Bytes experts = experts_[last] - experts_[first];
  const Bytes dense = weights_[last] - weights_[first] - experts;
  const bool has_copy = first > 0 && last == network_.layers.size();
  return {.dense = capped_sum(dense, has_copy ? network_.shared_embedding_bytes : 0),
          .experts = experts};
}

Time StageCoster::update_time(std::size_t first, std::size_t last) const {
  return optimizer_time(weights_of(first, last), training_, device_);
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
  const Time pass = capped_sum(forward, backward_[last] - backward_[first]);
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
  cost.backward = backward_[last] - backward_[first];
  cost.recompute = cost.forward;
  cost.optimizer = update_time(first, last);
  set_static_bytes(weights_of(first, last), training_, cost);

  const Bytes samples = training_.micro_batch_size;
  const Bytes stash = capped_product(samples, stash_[last] - stash_[first]);
  cost.boundary = capped_product(samples, network_.bytes_into(first));
  cost.output = capped_product(samples, network_.layers[last - 1].output_bytes);
  cost.workspace = capped_sum(capped_product(samples, scratch_between(first, last)),
                              scratch_within(first, last));
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
                 .summed_gradients = costs.parameters[stage],
                 .gathered_weights = costs.parameters[stage],
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

#include "models/cost/cost_model.hpp"

#include <algorithm>

#include "models/cost/static_bytes.hpp"

namespace pipesim {

LayerTotals::LayerTotals(std::shared_ptr<const LayerSizes> sizes, std::size_t begin,
                         const std::vector<LayerTime>& times, const Training& training,
                         std::vector<SlowDevice> devices)
    : sizes_(std::move(sizes)), training_(training), devices_(std::move(devices)), begin_(begin) {
  up_to_.reserve(times.size() + 1);
  for (const LayerTime& time : times) {
    const LayerTime& so_far = up_to_.back();
    up_to_.push_back({.forward = capped_sum(so_far.forward, time.forward),
                      .backward_input = capped_sum(so_far.backward_input, time.backward_input),
                      .backward_weight = capped_sum(so_far.backward_weight, time.backward_weight),
                      .backward = capped_sum(so_far.backward, time.backward),
                      .deferred_weight = capped_sum(so_far.deferred_weight, time.deferred_weight)});
  }
}

LayerTotals::LayerTotals(const Network& network, const std::vector<LayerTime>& times,
                         const Training& training, const Device& device)
    : LayerTotals(std::make_shared<const LayerSizes>(network, training), 0, times, training,
                  {{.device = &device}}) {}

LayerTime LayerTotals::between(std::size_t first, std::size_t last) const {
  const LayerTime& before = up_to_[first - begin_];
  const LayerTime& all = up_to_[last - begin_];
  return {.forward = all.forward - before.forward,
          .backward_input = all.backward_input - before.backward_input,
          .backward_weight = all.backward_weight - before.backward_weight,
          .backward = all.backward - before.backward,
          .deferred_weight = all.deferred_weight - before.deferred_weight};
}

Time LayerTotals::update_time(std::size_t first, std::size_t last) const {
  const StageWeights weights = sizes_->weights_of(first, last);
  Time longest;
  for (const SlowDevice& slow : devices_) {
    longest = std::max(longest, optimizer_time(weights, training_, *slow.device, slow.slowdown));
  }
  return longest;
}

// Plain descent is the product itself, into the weights; other optimizers take their own time.
Time LayerTotals::deferred_weight_time(const LayerTime& times, std::size_t first,
                                       std::size_t last) const {
  return training_.optimizer == Optimizer::sgd
             ? times.deferred_weight
             : capped_sum(times.deferred_weight, update_time(first, last));
}

Time LayerTotals::compute_time(std::size_t first, std::size_t last, bool with_recompute) const {
  const LayerTime times = between(first, last);
  if (training_.deferred_weight_gradient) {
    return capped_sum(
        capped_product(capped_sum(times.forward, times.backward_input), training_.micro_batches),
        deferred_weight_time(times, first, last));
  }
  const Time pass = capped_sum(times.forward, times.backward);
  return with_recompute ? capped_sum(pass, times.forward) : pass;
}

// sgd and momentum descend into what they keep, layer by layer; adam and rmsprop need the gradient
// of a layer as it is.
void LayerTotals::defer_weight_gradient(std::size_t first, std::size_t last,
                                        StageCost& cost) const {
  cost.deferred_micro_batches = training_.micro_batches;
  if (training_.optimizer == Optimizer::adam || training_.optimizer == Optimizer::rmsprop) {
    cost.update_workspace = std::max(cost.update_workspace, sizes_->largest_weights(first, last));
    cost.unreduced_gradient = 0;  // It is that workspace.
  }
}

StageCost LayerTotals::sizes(std::size_t first, std::size_t last) const {
  StageCost cost;
  sizes_->set_bytes(first, last, cost);
  if (training_.deferred_weight_gradient) defer_weight_gradient(first, last, cost);
  return cost;
}

StageCost LayerTotals::least_sizes(std::size_t first, std::size_t last) const {
  StageCost cost;
  sizes_->set_least_bytes(first, last, cost);
  if (training_.deferred_weight_gradient) defer_weight_gradient(first, last, cost);
  return cost;
}

StageCost LayerTotals::cost(std::size_t first, std::size_t last) const {
  const LayerTime times = between(first, last);
  StageCost cost = sizes(first, last);
  cost.forward = times.forward;
  cost.backward = times.backward;
  cost.backward_input = times.backward_input;
  cost.backward_weight = times.backward_weight;
  cost.recompute = times.forward;
  if (training_.deferred_weight_gradient) {
    cost.backward_weight = deferred_weight_time(times, first, last);
  } else {
    cost.optimizer = update_time(first, last);
  }
  return cost;
}

namespace {

// On a straggler.
void slow_down(double slowdown, StageCost& cost) {
  if (slowdown == 1) return;
  const auto longer = [&](Time& time) { time = to_time(seconds(time) * slowdown); };
  for (Time* time : {&cost.forward, &cost.backward, &cost.backward_input, &cost.backward_weight,
                     &cost.recompute}) {
    longer(*time);
  }
  if (cost.overlapped) longer(*cost.overlapped);
}

}  // namespace

StageCost stage_cost(const GivenStages& costs, int stage, int stages, const Training& training,
                     double slowdown) {
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
  slow_down(slowdown, cost);
  if (training.deferred_weight_gradient) {
    cost.deferred_micro_batches = training.micro_batches;
    cost.backward_weight = capped_product(cost.backward_weight, training.micro_batches);
  }
  return cost;
}

}  // namespace pipesim

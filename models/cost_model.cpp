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

// The same while I runs, less what the layers up to it leave for W: those behind it have left
// theirs.
std::vector<Bytes> each_input_workspace(const Network& network, const Training& training) {
  std::vector<Bytes> bytes = each_workspace(network, training);
  Bytes weight_stash = 0;
  for (std::size_t l = 0; l < bytes.size(); ++l) {
    weight_stash = capped_sum(weight_stash, network.layers[l].weight_stash_bytes);
    bytes[l] -= capped_product(weight_stash, training.micro_batch_size);
    bytes[l] -= network.layers[l].handed_gradient_bytes;
  }
  return bytes;
}

// What ZeRO gathers at once, by layer: a transformer's first and last block hold the table of
// embeddings and the product to the logits, which are gathered by themselves. Where that product
// has the table of the first stage, too, it works with a copy.
std::vector<std::vector<Bytes>> units_of_layers(const Network& network, const Training& training) {
  const Divided divided = divided_weights(training);
  std::vector<std::vector<Bytes>> units;
  for (const Layer& layer : network.layers) {
    Bytes before = 0;
    Bytes behind = units.size() + 1 == network.layers.size() ? network.shared_embedding_bytes : 0;
    Bytes inside = layer.parameter_bytes - layer.expert_bytes;
    for (const LayerPart& part : layer.parts) {
      if (part.name != "embedding" && part.name != "logits") continue;
      Bytes& unit = part.name == "embedding" ? before : behind;
      unit = capped_sum(unit, part.parameter_bytes);
      inside -= std::min(inside, part.parameter_bytes);
    }
    std::vector<Bytes>& of_layer = units.emplace_back();
    if (before > 0) of_layer.push_back(divided.dense ? before : 0);
    of_layer.push_back(
        capped_sum(divided.dense ? inside : 0, divided.experts ? layer.expert_bytes : 0));
    if (behind > 0) of_layer.push_back(divided.dense ? behind : 0);
  }
  return units;
}

std::vector<std::size_t> first_units(const std::vector<std::vector<Bytes>>& units) {
  std::vector<std::size_t> first{0};
  for (const std::vector<Bytes>& of_layer : units) first.push_back(first.back() + of_layer.size());
  return first;
}

std::vector<Bytes> joined(const std::vector<std::vector<Bytes>>& units) {
  std::vector<Bytes> all;
  for (const std::vector<Bytes>& of_layer : units) {
    all.insert(all.end(), of_layer.begin(), of_layer.end());
  }
  return all;
}

std::vector<Bytes> with_next(std::vector<Bytes> bytes) {
  for (std::size_t l = 0; l + 1 < bytes.size(); ++l) bytes[l] = capped_sum(bytes[l], bytes[l + 1]);
  return bytes;
}

}  // namespace

LayerSizes::Units::Units(const std::vector<std::vector<Bytes>>& of_layers)
    : first(first_units(of_layers)),
      largest(joined(of_layers)),
      largest_pair(with_next(joined(of_layers))) {}

LayerSizes::LayerSizes(const Network& network, const Training& training)
    : network_(network),
      training_(training),
      widest_output_(each_layer(network, &Layer::output_bytes)),
      largest_weights_(each_layer(network, &Layer::parameter_bytes)),
      held_in_backward_(each_workspace(network, training)),
      held_in_input_gradient_(each_input_workspace(network, training)),
      handed_gradient_(each_layer(network, &Layer::handed_gradient_bytes)),
      units_(units_of_layers(network, training)) {
  for (const Layer& layer : network.layers) {
    weights_.push_back(capped_sum(weights_.back(), layer.parameter_bytes));
    experts_.push_back(capped_sum(experts_.back(), layer.expert_bytes));
    stash_.push_back(capped_sum(stash_.back(), layer.stash_bytes));
    weight_stash_.push_back(capped_sum(weight_stash_.back(), layer.weight_stash_bytes));
  }
  find_least(network.layers.size());
}

Bytes LayerSizes::output_of(std::size_t layer) const {
  return capped_product(training_.micro_batch_size, network_.layers[layer].output_bytes);
}

// Only the first stage begins at layer 0, and only the last one ends with the last layer: what
// these two need says nothing of other ranges.
void LayerSizes::find_least(std::size_t layers) {
  for (std::size_t l = 0; l < layers; ++l) {
    const Bytes into = capped_product(training_.micro_batch_size, network_.bytes_into(l));
    least_boundary_.push_back(l < 2 ? into : std::min(into, least_boundary_.back()));
  }
  least_output_.resize(layers);
  least_scratch_.resize(layers);
  for (std::size_t l = layers; l-- > 0;) {
    least_output_[l] = output_of(l);
    least_scratch_[l] =
        capped_sum(capped_product(training_.micro_batch_size, network_.layers[l].workspace_bytes),
                   network_.layers[l].fixed_workspace_bytes);
    if (l + 2 >= layers) continue;
    least_output_[l] = std::min(least_output_[l], least_output_[l + 1]);
    least_scratch_[l] = std::min(least_scratch_[l], least_scratch_[l + 1]);
  }
}

// Between two layers of a stage one tensor is alive while the next is computed: two buffers, each
// as wide as the widest, or as many as there are places between layers.
Bytes LayerSizes::scratch_between(std::size_t first, std::size_t last) const {
  const std::size_t places = last - first - 1;
  return capped_product(widest_output_(first, last - 1),
                        static_cast<Bytes>(std::min<std::size_t>(2, places)));
}

// Beside the whole stash.
Bytes LayerSizes::scratch_within(std::size_t first, std::size_t last) const {
  const Bytes stash = capped_product(training_.micro_batch_size, stash_[last]);
  return std::max<Bytes>(0, held_in_backward_(first, last) - stash);
}

StageWeights LayerSizes::weights_of(std::size_t first, std::size_t last) const {
  const Bytes experts = experts_[last] - experts_[first];
  const Bytes dense = weights_[last] - weights_[first] - experts;
  const bool copies_table = first > 0 && last == network_.layers.size();
  return {.dense = capped_sum(dense, copies_table ? network_.shared_embedding_bytes : 0),
          .experts = experts};
}

Bytes LayerSizes::largest_weights(std::size_t first, std::size_t last) const {
  return largest_weights_(first, last);
}

// With ZeRO 3 a pass gathers unit by unit; where that overlaps, the next beside the one in work.
// From ZeRO 2 on a unit's gradient is whole until it is scattered.
void LayerSizes::set_layer_in_work(std::size_t first, std::size_t last, StageCost& cost) const {
  const Parallelism& parallel = training_.parallel;
  const std::size_t begin = units_.first[first];
  const std::size_t end = units_.first[last];
  const Bytes largest = units_.largest(begin, end);
  const Bytes with_next = parallel.overlap_grad_reduce
                              ? std::max(largest, units_.largest_pair(begin, end - 1))
                              : largest;
  cost.gathered_layer = parallel.zero_stage == 3 ? with_next : 0;
  cost.unreduced_gradient = parallel.zero_stage >= 2 ? largest : 0;
}

void LayerSizes::set_bytes(std::size_t first, std::size_t last, StageCost& cost) const {
  set_static_bytes(weights_of(first, last), training_, cost);
  set_layer_in_work(first, last, cost);
  const Bytes samples = training_.micro_batch_size;
  const Bytes stash = capped_product(samples, stash_[last] - stash_[first]);
  cost.boundary = capped_product(samples, network_.bytes_into(first));
  cost.output = capped_product(samples, network_.layers[last - 1].output_bytes);
  cost.workspace = capped_sum(capped_product(samples, scratch_between(first, last)),
                              scratch_within(first, last));
  cost.stash = network_.stash_holds_input ? std::max(stash, cost.boundary)
                                          : capped_sum(stash, cost.boundary);
  set_weight_stash(first, last, cost);
}

void LayerSizes::set_weight_stash(std::size_t first, std::size_t last, StageCost& cost) const {
  cost.weight_stash = cost.stash;
  cost.input_workspace = cost.workspace;
  cost.update_workspace = handed_gradient_(first, last);
  if (network_.whole_stash_waits) return;
  const Bytes samples = training_.micro_batch_size;
  cost.weight_stash = capped_product(samples, weight_stash_[last] - weight_stash_[first]);
  const Bytes left = capped_product(samples, weight_stash_[last]);
  const Bytes input = network_.stash_holds_input ? 0 : cost.boundary;
  const Bytes held =
      held_in_input_gradient_(first, last) + left - capped_product(samples, stash_[first]) + input;
  cost.input_workspace = std::max<Bytes>(0, held - std::max(cost.stash, cost.weight_stash));
  if (!network_.gradients_wait) {
    cost.input_workspace =
        capped_sum(cost.input_workspace, capped_product(samples, scratch_between(first, last)));
  }
}

void LayerSizes::set_least_bytes(std::size_t first, std::size_t last, StageCost& cost) const {
  set_static_bytes(weights_of(first, last), training_, cost);
  const Bytes samples = training_.micro_batch_size;
  const Bytes stash = capped_product(samples, stash_[last] - stash_[first]);
  cost.boundary = least_boundary_[first];
  cost.output = least_output_[last - 1];
  cost.workspace =
      capped_sum(capped_product(samples, scratch_between(first, last)), least_scratch_[last - 1]);
  cost.stash = network_.stash_holds_input ? std::max(stash, cost.boundary)
                                          : capped_sum(stash, cost.boundary);
  cost.weight_stash = network_.whole_stash_waits
                          ? cost.stash
                          : capped_product(samples, weight_stash_[last] - weight_stash_[first]);
}

StageCoster::StageCoster(std::shared_ptr<const LayerSizes> sizes, std::size_t begin,
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

StageCoster::StageCoster(const Network& network, const std::vector<LayerTime>& times,
                         const Training& training, const Device& device)
    : StageCoster(std::make_shared<const LayerSizes>(network, training), 0, times, training,
                  {{.device = &device}}) {}

LayerTime StageCoster::between(std::size_t first, std::size_t last) const {
  const LayerTime& before = up_to_[first - begin_];
  const LayerTime& all = up_to_[last - begin_];
  return {.forward = all.forward - before.forward,
          .backward_input = all.backward_input - before.backward_input,
          .backward_weight = all.backward_weight - before.backward_weight,
          .backward = all.backward - before.backward,
          .deferred_weight = all.deferred_weight - before.deferred_weight};
}

Time StageCoster::update_time(std::size_t first, std::size_t last) const {
  const StageWeights weights = sizes_->weights_of(first, last);
  Time longest;
  for (const SlowDevice& slow : devices_) {
    longest = std::max(longest, optimizer_time(weights, training_, *slow.device, slow.slowdown));
  }
  return longest;
}

// Plain descent is the product itself, into the weights; other optimizers take their own time.
Time StageCoster::deferred_weight_time(const LayerTime& times, std::size_t first,
                                       std::size_t last) const {
  return training_.optimizer == Optimizer::sgd
             ? times.deferred_weight
             : capped_sum(times.deferred_weight, update_time(first, last));
}

Time StageCoster::compute_time(std::size_t first, std::size_t last, bool with_recompute) const {
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
void StageCoster::defer_weight_gradient(std::size_t first, std::size_t last,
                                        StageCost& cost) const {
  cost.deferred_micro_batches = training_.micro_batches;
  if (training_.optimizer == Optimizer::adam || training_.optimizer == Optimizer::rmsprop) {
    cost.update_workspace = std::max(cost.update_workspace, sizes_->largest_weights(first, last));
    cost.unreduced_gradient = 0;  // It is that workspace.
  }
}

StageCost StageCoster::sizes(std::size_t first, std::size_t last) const {
  StageCost cost;
  sizes_->set_bytes(first, last, cost);
  if (training_.deferred_weight_gradient) defer_weight_gradient(first, last, cost);
  return cost;
}

StageCost StageCoster::least_sizes(std::size_t first, std::size_t last) const {
  StageCost cost;
  sizes_->set_least_bytes(first, last, cost);
  if (training_.deferred_weight_gradient) defer_weight_gradient(first, last, cost);
  return cost;
}

StageCost StageCoster::cost(std::size_t first, std::size_t last) const {
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

StageCost stage_cost(const StageCosts& costs, int stage, int stages, const Training& training,
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

#include "models/cost/layer_sizes.hpp"

#include <algorithm>

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

// A layer's workspace while I runs, without what the layers before it leave for W: the layers
// behind it have left theirs already.
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
      if (part.gathered == Gathered::with_layer) continue;
      Bytes& unit = part.gathered == Gathered::before_layer ? before : behind;
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

}  // namespace pipesim

#pragma once

#include <vector>

#include "models/base/range_max.hpp"
#include "models/cost/stage_cost.hpp"
#include "models/cost/static_bytes.hpp"
#include "models/network/network.hpp"
#include "models/settings/training.hpp"

namespace pipesim {

/// What any range of a network's layers holds, each figure in O(1). Keeps references to the network
/// and the training.
class LayerSizes {
 public:
  LayerSizes(const Network& network, const Training& training);

  /// Sets all bytes of a stage that runs layers [first, last).
  void set_bytes(std::size_t first, std::size_t last, StageCost& cost) const;
  /// Sets no more than that, nor than what any longer range around it has. Ranges that begin at
  /// layer 0 count for such as do, those that end with the last layer likewise.
  void set_least_bytes(std::size_t first, std::size_t last, StageCost& cost) const;
  StageWeights weights_of(std::size_t first, std::size_t last) const;
  Bytes largest_weights(std::size_t first, std::size_t last) const;

 private:
  // What ZeRO gathers at once: a layer, without an embedding's table or logits that it has; those
  // are by themselves.
  struct Units {
    explicit Units(const std::vector<std::vector<Bytes>>& of_layers);

    std::vector<std::size_t> first;  // [layer]: its first unit; behind the last, their number.
    RangeMax largest;                // Their weights that replicas divide among them.
    RangeMax largest_pair;           // The same of a unit and the one behind it.
  };

  const Network& network_;
  const Training& training_;
  // Running totals over the layers, with an entry more than there are layers.
  std::vector<Bytes> weights_{0};
  std::vector<Bytes> experts_{0};  // The part of weights_ that is experts.
  std::vector<Bytes> stash_{0};
  std::vector<Bytes> weight_stash_{0};
  RangeMax widest_output_;
  RangeMax largest_weights_;
  RangeMax held_in_backward_;  // What a layer holds for a micro-batch while its backward runs.
  RangeMax held_in_input_gradient_;
  RangeMax handed_gradient_;
  Units units_;
  // A micro-batch's least bytes over all ranges that begin at a layer or before it, or that end at
  // it or later.
  std::vector<Bytes> least_boundary_{};
  std::vector<Bytes> least_output_{};
  std::vector<Bytes> least_scratch_{};  // What the last layer's backward needs.

  void find_least(std::size_t layers);
  Bytes output_of(std::size_t layer) const;
  Bytes scratch_between(std::size_t first, std::size_t last) const;
  Bytes scratch_within(std::size_t first, std::size_t last) const;
  void set_weight_stash(std::size_t first, std::size_t last, StageCost& cost) const;
  void set_layer_in_work(std::size_t first, std::size_t last, StageCost& cost) const;
};

}  // namespace pipesim

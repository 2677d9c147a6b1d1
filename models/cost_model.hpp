#pragma once

#include <memory>
#include <vector>

#include "models/config.hpp"
#include "models/device.hpp"
#include "models/layer_time.hpp"
#include "models/network.hpp"
#include "models/range_max.hpp"
#include "models/stage_cost.hpp"
#include "models/static_bytes.hpp"
#include "models/training.hpp"

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
  std::vector<Bytes> experts_{0};  // Of the weights.
  std::vector<Bytes> stash_{0};
  std::vector<Bytes> weight_stash_{0};
  RangeMax widest_output_;
  RangeMax largest_weights_;
  RangeMax held_in_backward_;  // Of a micro-batch; each layer's.
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

/// A device of a stage, and the factor by which it is slower than its kind.
struct SlowDevice {
  const Device* device = nullptr;
  double slowdown = 1;
};

/// Costs of stages that run any range of some layers on one kind of device, or on several side by
/// side, each in O(1). Keeps references to the training and the devices.
class StageCoster {
 public:
  /// `times`: of the layers from `begin` on, each on the slowest of the devices.
  StageCoster(std::shared_ptr<const LayerSizes> sizes, std::size_t begin,
              const std::vector<LayerTime>& times, const Training& training,
              std::vector<SlowDevice> devices);
  /// Of all layers, on one device. Keeps a reference to the network, too.
  StageCoster(const Network& network, const std::vector<LayerTime>& times, const Training& training,
              const Device& device);

  /// A stage that runs layers [first, last).
  StageCost cost(std::size_t first, std::size_t last) const;
  /// The bytes of such a stage, without its times.
  StageCost sizes(std::size_t first, std::size_t last) const;
  /// No more than that, nor than what any longer range around it has (set_least_bytes).
  StageCost least_sizes(std::size_t first, std::size_t last) const;
  /// Its F and B for one micro-batch, and R if that is asked for. Where the weight gradient is
  /// deferred, all that it computes in a step.
  Time compute_time(std::size_t first, std::size_t last, bool with_recompute) const;

 private:
  std::shared_ptr<const LayerSizes> sizes_;
  const Training& training_;
  std::vector<SlowDevice> devices_;
  std::size_t begin_ = 0;
  // Running totals over the layers from begin_ on, with an entry more than there are.
  std::vector<LayerTime> up_to_{LayerTime{}};

  LayerTime between(std::size_t first, std::size_t last) const;
  Time update_time(std::size_t first, std::size_t last) const;
  Time deferred_weight_time(const LayerTime& times, std::size_t first, std::size_t last) const;
  void defer_weight_gradient(std::size_t first, std::size_t last, StageCost& cost) const;
};

/// Entry `stage` of costs that were given directly, on a device that is slower by a factor.
StageCost stage_cost(const StageCosts& costs, int stage, int stages, const Training& training,
                     double slowdown = 1);

}  // namespace pipesim

#pragma once

#include <memory>
#include <vector>

#include "models/config/config.hpp"
#include "models/cost/layer_sizes.hpp"
#include "models/cost/layer_time.hpp"
#include "models/cost/stage_cost.hpp"
#include "models/cost/static_bytes.hpp"
#include "models/device/device.hpp"
#include "models/network/network.hpp"
#include "models/settings/training.hpp"

namespace pipesim {

/// A device of a stage, and the factor by which it is slower than its kind.
struct SlowDevice {
  const Device* device = nullptr;
  double slowdown = 1;
};

/// Costs of stages that run any range of some layers on one kind of device, or on several side by
/// side, each in O(1). Keeps references to the training and the devices.
class LayerTotals {
 public:
  /// `times`: of the layers from `begin` on, each on the slowest of the devices.
  LayerTotals(std::shared_ptr<const LayerSizes> sizes, std::size_t begin,
              const std::vector<LayerTime>& times, const Training& training,
              std::vector<SlowDevice> devices);
  /// The totals of all layers on one device. Keeps a reference to the network, too.
  LayerTotals(const Network& network, const std::vector<LayerTime>& times, const Training& training,
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
StageCost stage_cost(const GivenStages& costs, int stage, int stages, const Training& training,
                     double slowdown = 1);

}  // namespace pipesim

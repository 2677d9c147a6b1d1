#pragma once

#include <string>
#include <vector>

#include "models/config/config.hpp"
#include "models/cost/layer_time.hpp"

namespace pipesim {

/// What a part of a layer takes for one micro-batch on one device of those that share it.
struct PartCost {
  std::string name{};
  double parameters = 0;  ///< Of all devices that share the layer together.
  Bytes parameter_bytes = 0;
  double forward_flops = 0;
  double backward_flops = 0;  ///< Re-computation inside the backward included.
  double forward_bytes = 0;   ///< Of memory traffic; of an exchange, what is exchanged.
  double backward_bytes = 0;
  Bytes stash = 0;  ///< What forward leaves for backward.
  Time forward{};
  Time backward{};  ///< Alone: nothing of it hidden beside other parts.
};

/// Consecutive layers that cost the same.
struct LayerCost {
  std::string first{};
  std::string last{};
  int count = 1;
  LayerTime time{};  ///< Of one of them, like all that follows.
  double parameters = 0;
  Bytes parameter_bytes = 0;
  Bytes stash = 0;
  Bytes output = 0;
  std::vector<PartCost> parts{};
};

/// The costs of the model's layers on the first device of the pipeline. Where a layer does not name
/// its parts they are products, kernels bound by memory, and exchanges.
/// Throws InputError for a model without layers.
std::vector<LayerCost> layer_costs(const Config& config);

}  // namespace pipesim

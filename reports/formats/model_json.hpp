#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sim/costs/layer_costs.hpp"

namespace pipesim {

/// The layers' costs as one object: docs/output.md.
nlohmann::ordered_json model_json(const Config& config, const std::vector<LayerCost>& layers);

}  // namespace pipesim

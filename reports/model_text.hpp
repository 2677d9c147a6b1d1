#pragma once

#include "reports/output.hpp"
#include "sim/layer_costs.hpp"

namespace pipesim {

/// What the model is, and a table of its layers: what each takes for one micro-batch on one device,
/// part by part.
void write_model_text(Output& out, const Config& config, const std::vector<LayerCost>& layers);

}  // namespace pipesim

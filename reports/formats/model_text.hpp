#pragma once

#include "reports/text/output.hpp"
#include "sim/costs/layer_costs.hpp"

namespace pipesim {

/// What the model is, and a table of its layers: what each takes for one micro-batch on one device,
/// part by part. `room`: columns of the terminal; 0 where it is none.
void write_model_text(Output& out, const Config& config, const std::vector<LayerCost>& layers,
                      std::size_t room = 0);

}  // namespace pipesim

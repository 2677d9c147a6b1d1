#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sim/execute/execute.hpp"

namespace pipesim {

/// The summary of a step that was executed, with its checks and, beside it, the prediction.
nlohmann::ordered_json execution_json(const Experiment& experiment, const Execution& execution);

}  // namespace pipesim

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"
#include "sim/whatif/advice.hpp"

namespace pipesim {

/// The summary as one object: seconds, bytes and fractions, as docs/output.md lists them.
nlohmann::ordered_json summary_json(const Experiment& experiment, const Run& run,
                                    const std::vector<Advice>& advice);

}  // namespace pipesim

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sim/advice.hpp"
#include "sim/experiment.hpp"
#include "sim/run.hpp"

namespace pipesim {

/// The summary as one object: seconds, bytes and fractions, as docs/output.md lists them.
nlohmann::ordered_json summary_json(const Experiment& experiment, const Run& run,
                                    const std::vector<Advice>& advice);

/// As text, two blanks for a level, with a newline at its end.
std::string to_text(const nlohmann::ordered_json& json);

}  // namespace pipesim

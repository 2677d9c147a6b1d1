#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sim/explain/explanation.hpp"

namespace pipesim {

/// The summary's `explanation`, in seconds, as docs/output.md lists it: every op on the critical
/// path, and what each device waited for.
nlohmann::ordered_json explanation_json(const Explanation& explanation);

}  // namespace pipesim

#pragma once

#include <nlohmann/json_fwd.hpp>

namespace pipesim {

/// The config as JSON Schema, draft 7, which is what editors complete best: every section of the
/// table of keys is a definition, what can be called by name is listed with what it is.
/// What a schema can't say (sums, divisors, lists as long as the stages are many) it lets pass.
nlohmann::ordered_json config_schema();

}  // namespace pipesim

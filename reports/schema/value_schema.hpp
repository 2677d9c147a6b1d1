#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "models/keys/config_keys.hpp"

namespace pipesim {

/// What may stand under a key as JSON Schema: any of the forms. Quantities, names and objects are
/// references to definitions.
nlohmann::ordered_json value_schema(const std::vector<ValueForm>& forms);

/// The definitions of quantities and of what can be called by name.
nlohmann::ordered_json value_definitions();

}  // namespace pipesim

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pipesim {

/// JSON as the commands print it: indented by 2, a line end at its end, numbers as the shortest
/// decimals that read back the same, what can't be seen in a text as escapes.
std::string to_text(const nlohmann::ordered_json& json);

}  // namespace pipesim

#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sim/published/tables.hpp"

namespace pipesim {

/// All tables as one object; errors in percent, as docs/output.md lists them.
nlohmann::ordered_json published_json(const std::vector<published::PublishedTable>& tables);

}  // namespace pipesim

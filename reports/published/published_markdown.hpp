#pragma once

#include "reports/text/output.hpp"
#include "sim/published/tables.hpp"

namespace pipesim {

/// A page: a line for each table, then each in full, with what its source does not state.
void write_published_markdown(Output& out, const std::vector<published::PublishedTable>& tables);

}  // namespace pipesim

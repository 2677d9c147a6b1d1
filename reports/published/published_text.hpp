#pragma once

#include "reports/text/output.hpp"
#include "sim/published/tables.hpp"

namespace pipesim {

/// Rows of a table that are written in full unless all are asked for.
inline constexpr std::size_t published_rows_in_full = 12;

/// A block for each table: its rows, published beside predicted with the error, then what is asked
/// of the errors. Of a longer table only the rows farthest off, unless `every_row`.
void write_published_text(Output& out, const std::vector<published::PublishedTable>& tables,
                          bool every_row);

}  // namespace pipesim

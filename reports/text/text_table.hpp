#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reports/text/output.hpp"

namespace pipesim {

/// A column of a table: as wide as its widest cell, and no less than `width` where there is room.
/// Numbers are on the right, names on the left; its header is where its cells are.
struct TextColumn {
  std::string_view header{};
  std::size_t width = 0;
  bool left = false;
  bool may_go = false;  ///< Where a terminal is too narrow for all.
};

/// A line of a table: one cell for each column, or fewer, and what stands behind them, which makes
/// no column wider.
struct TextRow {
  std::vector<std::string> cells{};
  std::string note{};
};

/// Text in columns.
struct TextTable {
  std::vector<TextColumn> columns{};
  std::vector<TextRow> rows{};
  std::size_t gap = 2;     ///< Blanks between columns.
  std::size_t indent = 0;  ///< Blanks before the first one.
  bool has_header = true;
};

/// Widths count as a terminal shows them. No line ends in blanks. Where a terminal has `room`
/// columns, 0 for no limit, and the table needs more, its columns are as narrow as their cells
/// allow; if that is not enough, those that may go are left out, the last ones first, and a last
/// line says which.
void write_text_table(Output& out, TextTable table, std::size_t room = 0);

}  // namespace pipesim

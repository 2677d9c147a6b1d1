#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/input_error.hpp"

namespace pipesim::published {

/// A table of figures as it stands in a file: comments (lines that begin with #) and empty lines
/// apart, a line of column names, then a row a line. Cells are separated by commas; there are no
/// quotes. Columns are found by name, so a file may have more of them than are read, in any order.
struct CsvTable {
  struct Row {
    int line = 0;  ///< In the file, from 1.
    std::vector<std::string> cells{};
  };

  std::string file{};  ///< As errors call it.
  std::vector<std::string> columns{};
  std::vector<Row> rows{};
};

/// Throws InputError as FILE:LINE: no columns, a column without a name or named twice, a row with
/// another number of cells, a NUL byte, no row at all.
CsvTable parse_csv(std::string_view text, const std::string& file);

/// One row of a table, whose cells are asked for by column. Keeps references.
/// Every function throws InputError as FILE:LINE when the table has no such column, or the cell
/// holds something else.
class CsvRow {
 public:
  CsvRow(const CsvTable& table, const CsvTable::Row& row) : table_(table), row_(row) {}

  bool has(std::string_view column) const;                 ///< The column is there, and not empty.
  const std::string& text(std::string_view column) const;  ///< Not empty.
  double number(std::string_view column) const;            ///< Above 0 and finite.
  int whole(std::string_view column) const;                ///< From 1 to 10^9.
  std::vector<int> wholes(std::string_view column) const;  ///< Several, separated by blanks.
  bool flag(std::string_view column) const;                ///< 0 or 1.
  /// One of a few words.
  const std::string& word(std::string_view column, const std::vector<std::string>& words) const;

  /// "FILE:LINE: column "hidden": PROBLEM, got "x"".
  InputError error(std::string_view column, std::string_view problem, std::string_view hint) const;
  /// "FILE:LINE", for errors about the row as a whole.
  std::string place() const;

 private:
  const CsvTable& table_;
  const CsvTable::Row& row_;

  const std::string* find(std::string_view column) const;
};

/// A number as it is printed, "282.2M" or "163", and half a unit of its last digit.
struct Printed {
  double value = 0;
  double rounding = 0;
};
/// Reads digits with at most one point, then perhaps k, M, B (10^9) or T; several separators are
/// refused. Throws InputError as CsvRow does.
Printed printed_number(const CsvRow& row, std::string_view column);

}  // namespace pipesim::published

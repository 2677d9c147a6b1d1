#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/base/input_error.hpp"
#include "schedules/core/op.hpp"

namespace pipesim {

/// A cell of a schedule file, as errors name it.
struct Cell {
  const std::string& file;
  int row = 0;     ///< From 0.
  int column = 0;  ///< From 0.
  std::string_view text{};
};

/// "FILE: row 2, column 7: PROBLEM, got "0F3"", rows and columns from 1. Of a long text the start.
InputError error_in(const Cell& cell, std::string_view problem, std::string_view hint);

/// An op as it was read.
struct CsvOp {
  Op op{};
  bool written_bw = false;  ///< Called BW: a full backward in the older dialect.
};

/// Reads "2SEND_F1", "0'F4" or "1UNSHARD": `text`, which is all of a cell or one side of its
/// overlapped pair. Stages and micro-batches must be below `most`. Throws InputError.
CsvOp read_csv_op(std::string_view text, const Cell& cell, std::int64_t most);

/// An op as a cell has it.
std::string csv_token(const Op& op);

}  // namespace pipesim

#pragma once

#include "reports/output.hpp"
#include "reports/text_gantt.hpp"

namespace pipesim::cli {

/// An Output to the standard output. Once the reader has gone, what is written is dropped; any
/// other failure is an InputError.
/// `reader_left`, which must outlive it: set once that happens.
Output standard_output(bool* reader_left = nullptr);

/// Columns of the terminal behind a descriptor; 80 where it does not say.
int terminal_width(int descriptor);

/// How text looks there: as wide as the terminal, coloured unless NO_COLOR is set.
TextStyle standard_output_style();

}  // namespace pipesim::cli

#pragma once

#include "reports/output.hpp"
#include "reports/text_gantt.hpp"

namespace pipesim::cli {

/// An Output to the standard output. Once the reader has gone, what is written is dropped; any
/// other failure is an InputError.
Output standard_output();

/// How text looks there: as wide as the terminal, coloured unless NO_COLOR is set.
TextStyle standard_output_style();

}  // namespace pipesim::cli

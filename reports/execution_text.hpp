#pragma once

#include "reports/output.hpp"
#include "reports/text_gantt.hpp"
#include "sim/execute/execute.hpp"

namespace pipesim {

/// The summary of a step that was executed, for people: what simulate prints, then prediction and
/// run side by side, and the checks.
void write_execution_text(Output& out, const Experiment& experiment, const Execution& execution,
                          const TextStyle& style);

}  // namespace pipesim

#pragma once

#include "reports/gantt/text_gantt.hpp"
#include "reports/text/output.hpp"
#include "sim/execute/execute.hpp"

namespace pipesim {

/// The summary of a step that was executed, for people: what simulate prints, then prediction and
/// run side by side, and the checks.
void write_execution_text(Output& out, const Experiment& experiment, const Execution& execution,
                          const TextStyle& style);

}  // namespace pipesim

#pragma once

#include "reports/text/output.hpp"
#include "sim/explain/explanation.hpp"

namespace pipesim {

/// The critical path, as stretches of ops that one device runs, and what each device waited for. In
/// the middle of a long path, and of very many devices, lines are left out.
void write_explanation_text(Output& out, const Schedule& schedule, const Explanation& explanation);

}  // namespace pipesim

#pragma once

#include <string>
#include <vector>

#include "reports/gantt/text_gantt.hpp"
#include "reports/text/output.hpp"
#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"
#include "sim/whatif/advice.hpp"

namespace pipesim {

/// What was simulated, the timeline, the step time, the bubble and the memory, for a person to
/// read. `advice` is shown where the model does not fit.
void write_summary_text(Output& out, const Experiment& experiment, const Run& run,
                        const std::vector<Advice>& advice, const TextStyle& style);

/// "device 0 runs out of its 16 GiB at 2.25 s, 512 KiB short in F4 of stage 0; at its peak it needs
/// 21 GiB, 5 GiB too much"; for the first device to run out.
std::string describe_overflow(const Experiment& experiment, const Run& run);

}  // namespace pipesim

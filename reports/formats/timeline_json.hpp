#pragma once

#include "reports/text/output.hpp"
#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

/// Every op and every message between devices, with integer times in picoseconds. Streams.
void write_timeline_json(Output& out, const Experiment& experiment, const Run& run);

}  // namespace pipesim

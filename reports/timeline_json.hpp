#pragma once

#include "reports/output.hpp"
#include "sim/experiment.hpp"
#include "sim/run.hpp"

namespace pipesim {

/// Every op and every message between devices, with integer times in picoseconds. Streams.
void write_timeline_json(Output& out, const Experiment& experiment, const Run& run);

}  // namespace pipesim

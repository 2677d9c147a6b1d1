#pragma once

#include "reports/text/output.hpp"
#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

/// Every allocation and release in order of time, with running totals. Streams.
void write_memory_csv(Output& out, const Experiment& experiment, const Run& run);

}  // namespace pipesim

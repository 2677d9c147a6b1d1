#pragma once

#include "reports/output.hpp"
#include "sim/experiment.hpp"
#include "sim/run.hpp"

namespace pipesim {

/// Every allocation and release in order of time, with running totals. Streams.
void write_memory_csv(Output& out, const Experiment& experiment, const Run& run);

}  // namespace pipesim

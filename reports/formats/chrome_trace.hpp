#pragma once

#include "reports/text/output.hpp"
#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

/// The timeline in the Trace Event Format (JSON object form), as Perfetto, chrome://tracing and
/// speedscope read it. A process for each device; threads for computing and for each neighbour that
/// it sends to or receives from, more where messages overlap; an arrow from the op that sends a
/// message to the op that consumes it; a memory counter. Times are µs with three decimals, one
/// nanosecond later than in the simulation, since some readers drop what starts at 0. Streams:
/// beside a block of text it takes a byte for each message.
void write_chrome_trace(Output& out, const Experiment& experiment, const Run& run);

}  // namespace pipesim

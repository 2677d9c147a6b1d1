#pragma once

#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

class Output;

/// A run's ops, what each needed and what it did to its device's memory, as columns of numbers,
/// device by device: docs/report_format.md lists them. One line of base64. Streams, beside what one
/// device needs: 40 bytes an op.
void write_run_columns(Output& out, const Experiment& experiment, const Run& run);

}  // namespace pipesim

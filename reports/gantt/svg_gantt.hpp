#pragma once

#include <string>

#include "reports/text/output.hpp"
#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

/// The timeline as a figure for print, an SVG file that needs nothing else: a lane for each device,
/// a box for each op, the bubble hatched, an axis with round times, a legend. The largest pictures
/// stay near a megabyte. Needs a run with its timeline; after a deadlock, what ran before it.
void write_svg_gantt(Output& out, const Experiment& experiment, const Run& run);

/// What was predicted above what ran, on one axis.
void write_svg_execution(Output& out, const Experiment& experiment, const Run& prediction,
                         const Run& run);

/// "step time 1.872 ms, bubble 33.92 % of all device time"
std::string figures_of(const Run& run);

}  // namespace pipesim

#pragma once

#include "reports/text/output.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// "device 0: F0 F1 B1 B0", a line for each device; "F1.0" where a device holds several stages,
/// "(F1.3;B2.0)" for an overlapped pair.
void write_schedule_text(Output& out, const Schedule& schedule);

/// The lanes as lists of {kind, stage, micro_batch}; `copy: 1` on a stage's second copy,
/// `with_next: true` where an op is overlapped with the next. Streams.
void write_schedule_json(Output& out, const Schedule& schedule);

}  // namespace pipesim

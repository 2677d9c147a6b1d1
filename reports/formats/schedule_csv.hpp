#pragma once

#include "reports/text/output.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// PyTorch's schedule format, with what it has no sign for written as
/// schedules/csv/schedule_csv.hpp says: a row of ops for each device. Streams.
void write_schedule_csv(Output& out, const Schedule& schedule);

}  // namespace pipesim

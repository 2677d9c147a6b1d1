#pragma once

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// Whether every op gets its turn when devices run their lanes in order, whatever the ops take. The
/// schedule must be sound on each device alone (check_schedule); sends and receives are taken to
/// wait for nothing. O(ops) time, two bytes for each stage and micro-batch.
bool runs_through(const Schedule& schedule);

}  // namespace pipesim

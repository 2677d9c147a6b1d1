#pragma once

#include <string>

#include "schedules/core/schedule.hpp"
#include "schedules/csv/csv_op.hpp"
#include "schedules/csv/schedule_cells.hpp"

namespace pipesim {

/// The schedule that the cells of a file make, unnamed: a stage is on the device in whose row it
/// stands. Throws InputError with the place: stages that are missing or on two rows, F that are
/// missing, ops that stand twice. What else has to hold, check_schedule says. O(cells) time and
/// memory.
Schedule schedule_from(const ScheduleCells& cells, const std::string& file);

}  // namespace pipesim

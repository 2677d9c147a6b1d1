#pragma once

#include "models/config.hpp"
#include "schedules/schedule.hpp"

namespace pipesim {

/// How many stages stand on each row of a schedule file, at least one. Throws InputError.
int stages_on_a_row(const ScheduleFile& file);

/// The schedule in a config's file, called by the file's name, with sends and receives where it has
/// them. Throws InputError: not a schedule, one that can't be run (check_schedule), with the place;
/// or not of the shape that the config states.
Schedule schedule_from_file(const Config& config);

}  // namespace pipesim

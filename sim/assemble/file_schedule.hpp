#pragma once

#include "models/config/config.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// How many stages stand on each row of a schedule file, at least one. Throws InputError.
int stages_on_a_row(const ScheduleFile& file);

/// The schedule in a config's file, called by the file's name, with sends and receives where it has
/// them. Throws InputError: not a schedule, one that can't be run (check_schedule), with the place;
/// not of the shape that the config states; or with re-computations or weight gradients of the
/// whole mini-batch of which the config does not know.
Schedule schedule_from_file(const Config& config);

}  // namespace pipesim

#pragma once

#include "schedules/schedule.hpp"

namespace pipesim {

Schedule zb_auto(const ScheduleRequest& request);

}  // namespace pipesim

#pragma once

#include "schedules/schedule.hpp"

namespace pipesim {

Schedule zb_v(const ScheduleRequest& request);

}  // namespace pipesim

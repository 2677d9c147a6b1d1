#include "schedules/orders/zb_auto.hpp"

#include <utility>

#include "schedules/search/policy_search.hpp"

namespace pipesim {

std::vector<Schedule> zb_auto_orders(const ScheduleRequest& request) {
  std::vector<DispatchPolicy> starts;
  // How far a stage runs ahead, in sixteenths of the most: all, half, and values near to these.
  for (const int sixteenths : {16, 8, 18, 12, 20, 6, 10, 14, 5}) {
    starts.push_back(round_trip_policy(request, sixteenths));
  }
  return schedules_of(best_drafts(request, starts), "zb_auto", request.shape);
}

Schedule zb_auto(const ScheduleRequest& request) {
  return std::move(zb_auto_orders(request).front());
}

}  // namespace pipesim

#include "schedules/zb_auto.hpp"

#include <algorithm>

#include "schedules/policy_search.hpp"

namespace pipesim {

namespace {

// What a stage can run ahead until the gradient of its first micro-batch is back, in sixteenths of
// the round trip.
int round_trip_depth(const ScheduleRequest& request, int stage, int sixteenths) {
  const int M = request.shape.micro_batches;
  Time trip{};
  for (int s = stage + 1; s < request.shape.all_stages(); ++s) {
    const StageLoad& load = request.loads[static_cast<std::size_t>(s)];
    trip += load.forward + load.backward_input + 2 * request.hops[static_cast<std::size_t>(s - 1)];
  }
  const Time forward = request.loads[static_cast<std::size_t>(stage)].forward;
  if (forward == Time{}) return M;
  const Int128 ahead = Int128{trip.ps} * sixteenths / (Int128{forward.ps} * 16);
  return static_cast<int>(std::min<Int128>(ahead + 1, M));
}

}  // namespace

Schedule zb_auto(const ScheduleRequest& request) {
  const int M = request.shape.micro_batches, K = request.shape.stages;
  std::vector<DispatchPolicy> starts;
  std::vector<std::vector<int>> depths;
  for (int x : {16, 8, 18, 20, 12, 6, 10, 14, 5}) {
    std::vector<int> depth;
    for (int s = 0; s < K; ++s) depth.push_back(round_trip_depth(request, s, x));
    depths.push_back(depth);
  }
  std::vector<int> depth;
  for (int s = 0; s < K; ++s) depth.push_back(K - s);
  depths.push_back(depth);
  Time bound = cost_bound(request);
  for (auto& dd : depths)
    for (Time span : {Time::limit(), bound})
      starts.push_back({.depth = dd, .devices = std::vector<DevicePolicy>(std::size_t(K), {.lag = M}), .span = span});
  return schedule_of(best_draft(request, starts), "zb-auto", request.shape);
}

}  // namespace pipesim

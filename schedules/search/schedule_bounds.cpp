#include "schedules/search/schedule_bounds.hpp"

#include <algorithm>

#include "schedules/search/draft.hpp"

namespace pipesim {

Bytes least_memory(const ScheduleRequest& request, int device) {
  Bytes stashes = 0;
  Bytes growth = 0;
  for (int chunk = 0; chunk < request.shape.virtual_stages; ++chunk) {
    const StageLoad& load = load_of(request, device, chunk);
    stashes = capped_sum(stashes, load.stash);
    growth = std::max(growth, load.growth());
  }
  return capped_sum(stashes, growth);
}

Time work_of(const ScheduleRequest& request, int device) {
  Time work{};
  for (int chunk = 0; chunk < request.shape.virtual_stages; ++chunk) {
    const StageLoad& load = load_of(request, device, chunk);
    work += load.forward + load.backward_input + load.backward_weight;
  }
  return work;
}

Time least_cost(const ScheduleRequest& request) {
  const int micro_batches = request.shape.micro_batches;
  Time least{};
  for (int device = 0; device < request.shape.stages; ++device) {
    least = std::max(least, micro_batches * work_of(request, device));
  }
  Time there_and_back = request.loads[0].backward_weight;
  for (std::size_t s = 0; s < request.loads.size(); ++s) {
    const Time pass = request.loads[s].forward + request.loads[s].backward_input;
    least = std::max(least, there_and_back + micro_batches * pass);
    if (s < request.hops.size()) there_and_back += pass + 2 * request.hops[s];
  }
  return least;
}

std::vector<int> round_trip_depths(const ScheduleRequest& request, int sixteenths) {
  std::vector<int> depths(request.loads.size());
  Int128 trip = 0;  // From a stage to the end and back.
  for (std::size_t s = depths.size(); s-- > 0;) {
    const StageLoad& load = request.loads[s];
    const Int128 forward = load.forward.ps;
    const Int128 most = request.shape.micro_batches;
    depths[s] = static_cast<int>(
        forward == 0 ? most : std::min(most, 1 + trip * sixteenths / (16 * forward)));
    if (s > 0) trip += forward + load.backward_input.ps + 2 * Int128{request.hops[s - 1].ps};
  }
  return depths;
}

}  // namespace pipesim

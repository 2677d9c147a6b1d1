#pragma once

#include <functional>
#include <vector>

#include "schedules/orders/catalog.hpp"
#include "sim/step/experiment.hpp"

namespace pipesim {

/// What an automatic schedule's search looks at of a config and its costs, without a memory limit.
/// Where the model states no bytes, each micro-batch counts as one.
ScheduleRequest request_of(const Experiment& experiment);

/// A memory within which orders are sought.
struct Rung {
  Bytes device = 0;              ///< What a device needs for it, all that it holds included.
  std::vector<Bytes> stashes{};  ///< [device]: what its stashes may hold then.
  Time least_time{};             ///< What no order takes less than in so little; 0 where not known.
};

/// The first rung is no limit; at the others some device, beside `beside[device]`, has just room
/// for the stashes of some number of micro-batches, and the others for as much as they then can
/// hold. They follow from the shape and the costs alone and not from what devices have, so that
/// what is found for less memory is known where there is more.
std::vector<Rung> memory_ladder(const Experiment& experiment, const ScheduleRequest& request,
                                const std::vector<Bytes>& beside);

/// Tells `visit` the orders among which an automatic schedule chooses, one after the other: one
/// micro-batch at a time; of the catalog those with the same stages on the same devices; and what
/// the search finds within each memory of the ladder from which one `may_win`, the largest first.
void for_each_candidate(const KnownSchedule& known, ScheduleRequest request,
                        const std::vector<Rung>& ladder,
                        const std::function<bool(const Rung&)>& may_win,
                        const std::function<void(const Schedule&)>& visit);

}  // namespace pipesim

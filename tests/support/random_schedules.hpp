#pragma once

#include <random>

#include "schedules/schedule.hpp"
#include "sim/op_costs.hpp"

namespace pipesim::test {

/// A schedule that never deadlocks, whatever its devices' speeds: a random order in which all ops
/// could run one after the other, cut into lanes. With one or several stages on a device, wherever
/// they happen to be, whole and split backwards, overlapped pairs, at times with second copies,
/// re-computation or sharding.
Schedule random_schedule(std::mt19937& random, Communication communication);

/// Stages and hops of random times, some of them 0; links that are busy for a part of it.
StepCosts random_costs(int stages, std::mt19937& random);

}  // namespace pipesim::test

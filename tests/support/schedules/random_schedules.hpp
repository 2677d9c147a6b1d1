#pragma once

#include <random>
#include <vector>

#include "schedules/core/schedule.hpp"
#include "sim/engine/op_costs.hpp"

namespace pipesim::test {

/// What a random schedule may contain.
struct ScheduleOptions {
  std::vector<int> placement{0};
  std::vector<int> second_placement{};  ///< On the same devices.
  int micro_batches = 1;                ///< With 2 or more, each of two copies gets some.
  bool split = false;                   ///< Some stages run I and W, the others B.
  bool pairs = false;                   ///< Some forwards are overlapped with a backward.
  bool sharding = false;
  Communication communication = Communication::overlapped;
};

/// A schedule that never deadlocks, whatever its devices' speeds: a random order in which all ops
/// could run one after the other, cut into lanes.
Schedule random_schedule(std::mt19937& random, const ScheduleOptions& options);

/// The same with any of the options. With one or several stages on a device, wherever they happen
/// to be, whole and split backwards, overlapped pairs, at times with second copies, re-computation
/// or sharding.
Schedule random_schedule(std::mt19937& random, Communication communication);

/// Some placement of that many stages: one a device, looped, there and back, neighbours together,
/// or anywhere.
std::vector<int> random_placement(std::mt19937& random, int stages);

/// Stages and hops of random times, some of them 0; links that are busy for a part of it.
StepCosts random_costs(int stages, std::mt19937& random);

}  // namespace pipesim::test

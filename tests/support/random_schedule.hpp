#pragma once

#include <random>
#include <vector>

#include "schedules/schedule.hpp"

namespace pipesim::test {

/// What a random schedule may contain.
struct ScheduleOptions {
  std::vector<int> placement{0};
  std::vector<int> second_placement{};
  int micro_batches = 1;  ///< At least 2 where stages have two copies: each gets some of them.
  Recompute recompute = Recompute::none;
  bool lazy_recompute = false;
  bool split = false;     ///< Some backwards are I and W, the others B.
  bool pairs = false;     ///< Some forwards are overlapped with a backward.
  bool sharding = false;  ///< UNSHARD, REDUCE_GRAD and RESHARD of every stage, around its ops.
  Communication communication = Communication::overlapped;
};

/// A schedule that check_schedule accepts, and that does not deadlock: of the ops that can run, a
/// random one is next, wherever that is.
Schedule random_schedule(std::mt19937& random, const ScheduleOptions& options);

/// Some placement of that many stages: one a device, looped, a V, several neighbours on a device,
/// or anywhere.
std::vector<int> random_placement(std::mt19937& random, int stages);

}  // namespace pipesim::test

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schedules/op.hpp"

namespace pipesim {

/// How large a schedule is.
struct PipelineShape {
  int stages = 1;
  int micro_batches = 1;
};

/// What each device runs, in order. Says nothing about when.
struct Schedule {
  std::string name{};
  int micro_batches = 0;
  std::vector<int> placement{};          ///< placement[stage] is the device that holds it.
  std::vector<std::vector<Op>> lanes{};  ///< lanes[device][slot]
  bool lazy_recompute =
      false;  ///< An R waits for its micro-batch's gradient, as the backward does.

  int stages() const { return static_cast<int>(placement.size()); }
  int devices() const { return static_cast<int>(lanes.size()); }
};

/// The stages that each device holds, in order.
std::vector<std::vector<int>> stages_by_device(const Schedule& schedule);

/// The device of every stage when each device holds one: 0, 1, 2, …
std::vector<int> one_stage_per_device(int stages);

}  // namespace pipesim

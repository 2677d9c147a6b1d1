#pragma once

#include <optional>

#include "schedules/core/schedule.hpp"

namespace pipesim::test {

/// How many steps a schedule with sends and receives takes in PyTorch's test of its lowering
/// (torch.distributed.pipelining, _simulate_comms_compute): in every step each device, in ascending
/// order, runs its next op if that is ready; then, in descending order, those that could not may
/// try again. Nothing when it gets stuck.
std::optional<int> steps_of(const Schedule& schedule);

}  // namespace pipesim::test

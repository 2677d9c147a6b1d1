#pragma once

#include <optional>

#include "schedules/core/bubble_formula.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// Breadth-first over several stages on each device: all micro-batches go through a device's stage
/// before it turns to its next one; backwards stages and micro-batches are reversed. With one stage
/// on each device it is GPipe's order. Lamy-Poirier, arXiv:2211.05953; PyTorch's ScheduleLoopedBFS.
Schedule looped_bfs(const PipelineShape& shape);

/// A round through the devices takes the longer of M and K passes, the last one M+K-1: the step is
/// ((v-1)·max(M,K) + M+K-1)(F+B), which for M >= K makes the bubble (K-1)/(vM+K-1). With a deferred
/// weight gradient every device ends with v W.
std::optional<Ratio> looped_bfs_bubble(const EqualStages& equal);

}  // namespace pipesim

#pragma once

#include <optional>

#include "schedules/core/bubble_formula.hpp"
#include "schedules/core/refusal.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// DualPipe (DeepSeek-V3, arXiv:2412.19437, 3.2.1): the pipeline is fed from both ends, so every
/// stage exists twice, and a forward of one direction overlaps with a backward of the other. Device
/// d holds the first copy of stage d, for the first half of the micro-batches, and the second copy
/// of stage K-1-d, for the others. Needs an even K, and an even M >= 2K. K+1 activations.
Schedule dualpipe(const PipelineShape& shape);

/// DualPipeV: the same cut in half, with the two ends on one device and so no stage twice: two
/// stages on each device, there and back (deepseek-ai/DualPipe). Needs M >= 2K. 2K+1 activations.
Schedule dualpipe_v(const PipelineShape& shape);

std::optional<Refusal> dualpipe_refusal(const PipelineShape& shape);
std::optional<Refusal> dualpipe_v_refusal(const PipelineShape& shape);

/// With FB the time of an overlapped pair: the devices with the most pairs are idle for
/// (H-1)(FB + B - 3W), as in deepseek-ai/DualPipe, with H = K/2 for DualPipe and K for DualPipeV.
/// They have 2n-2H-1 pairs among the F, I and W of 2n micro-batches (n = M/2, or M); towards the
/// ends every device has one pair less. Where I = F, W <= F, B = I + W and FB >= B.
std::optional<Ratio> dualpipe_bubble(const EqualStages& equal);
std::optional<Ratio> dualpipe_v_bubble(const EqualStages& equal);

}  // namespace pipesim

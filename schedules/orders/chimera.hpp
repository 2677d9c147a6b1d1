#pragma once

#include <optional>

#include "schedules/core/bubble_formula.hpp"
#include "schedules/core/refusal.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// Chimera (Li and Hoefler, arXiv:2107.06925): half of the micro-batches go down the devices, half
/// go up, through second copies of the stages, and each way fills what the other leaves empty.
/// Device d holds the first copy of stage d and the second one of stage K-1-d. Needs an even K and
/// an even M. With M >= K it holds K/2 + 1 activations at the ends and K in the middle.
Schedule chimera(const PipelineShape& shape);

std::optional<Refusal> chimera_refusal(const PipelineShape& shape);

/// With U = ⌈M/K⌉ units of K micro-batches and F <= B, every device is idle for
/// (K-2)(U·B - (U-1)·F) + (UK-M)·F, F and B changing places where F is the longer: with F = B and
/// full units the (K-2)/(2M+K-2) of the paper. Where every unit is full, or there is but one, or
/// F = B.
std::optional<Ratio> chimera_bubble(const EqualStages& equal);

}  // namespace pipesim

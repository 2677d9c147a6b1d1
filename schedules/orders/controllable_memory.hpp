#pragma once

#include <optional>

#include "schedules/core/bubble_formula.hpp"
#include "schedules/core/refusal.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// The V schedules of Qi et al., Pipeline Parallelism with Controllable Memory, arXiv:2405.15362:
/// two stages on each device, placed there and back, so that a device which holds its first stage's
/// activations for long holds its second one's for short. A block of F, I and W in unit times is
/// repeated every six for the next micro-batch; devices run the ops in its order as soon as they
/// can.
///
/// V-Half hands forwards and backwards down with a pause of one. A device holds K+1 activations of
/// a (virtual) stage, where 1F1B holds 2K of that size, for half of 1F1B's bubble.
Schedule v_half(const PipelineShape& shape);

/// V-Min hands everything on at once: at most 2(⌊K/3⌋+1) activations, for two thirds of the bubble
/// where F, I and W take the same time, and for more with every micro-batch where they do not.
Schedule v_min(const PipelineShape& shape);

std::optional<Refusal> v_half_refusal(const PipelineShape& shape);
std::optional<Refusal> v_min_refusal(const PipelineShape& shape);

/// Where F, I and W take one unit each, and M > (K+1)/2: idle for 3K-3 units of 6M + 3K-3, one less
/// for even K.
std::optional<Ratio> v_half_bubble(const EqualStages& equal);

/// Where F, I and W take one unit each: idle for 4K-5 units of 6M + 4K-5, for none where K is 1.
std::optional<Ratio> v_min_bubble(const EqualStages& equal);

}  // namespace pipesim

#pragma once

#include <optional>

#include "schedules/core/bubble_formula.hpp"
#include "schedules/core/refusal.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// The handcrafted schedules of Qi et al., Zero Bubble Pipeline Parallelism, arXiv:2401.10241, 3:
/// the backward is split, and W fills what waiting for I leaves empty.
///
/// ZB-H1 holds no more than 1F1B: K-s activations on stage s, and s weight stashes. With v stages
/// on each device it visits them as interleaved_1f1b does, (v-1)·group_size + K-1-d forwards ahead:
/// the order of PyTorch's ScheduleInterleavedZeroBubble. (DeepSeek's and PyTorch's name of it is
/// ZB1P.)
Schedule zb_h1(const PipelineShape& shape);

/// One stage on each device. ZB-H2 fills the warm-up's bubble with more forwards: 2(K-s)-1
/// activations, 2s weight stashes.
Schedule zb_h2(const PipelineShape& shape);

/// Refuses groups of fewer than K-1 micro-batches with several stages on a device, which may
/// deadlock.
std::optional<Refusal> zb_h1_refusal(const PipelineShape& shape);
std::optional<Refusal> zb_h2_refusal(const PipelineShape& shape);

/// The bubble of the whole pipeline with one stage on each device where M >= K and W is no longer
/// than F or I: every device is idle for the (K-1)(F+I-W) of the paper's table 2.
std::optional<Ratio> zb_h1_bubble(const EqualStages& equal);

/// The same for M >= 2K-1. Within a stage's own first and last op the longest idle time is
/// (K-1)·max(F+I-2W, 0), as in table 2, but the last stage starts (K-1)F after the first: every
/// device is idle for (K-1)(F + max(I-2W, 0)) of the step.
std::optional<Ratio> zb_h2_bubble(const EqualStages& equal);

}  // namespace pipesim

#pragma once

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// 1F1B with a flush at the end of the step (PipeDream-flush, DAPPLE): the bubble of GPipe, with at
/// most `stages - k` micro-batches in flight on stage k. Narayanan et al., arXiv:2104.04473, 2.2.1.
Schedule one_f_one_b(const PipelineShape& shape);

}  // namespace pipesim

#pragma once

#include "schedules/core/schedule.hpp"

namespace pipesim {

/// GPipe's F-then-B: all forwards, then all backwards with the micro-batches in reverse.
/// Huang et al., arXiv:1811.06965.
Schedule gpipe(const PipelineShape& shape);

}  // namespace pipesim

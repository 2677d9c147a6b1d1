#pragma once

#include "sim/engine/engine.hpp"

namespace pipesim {

/// From the first op that computes to the last one's end: what idles in between is the bubble. From
/// 0 to 0 where none took time.
Interval pipeline_of(const Outcome& outcome);

/// How many ops ran, those behind the pipeline included.
std::size_t span_count(const Timeline& timeline);

/// The end of the last op, those behind the pipeline included.
Time last_finish(const Schedule& schedule, const Timeline& timeline);

}  // namespace pipesim

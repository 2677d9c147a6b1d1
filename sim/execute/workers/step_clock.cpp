#include "sim/execute/workers/step_clock.hpp"

#include <algorithm>

namespace pipesim {

namespace {

Time first_start(const Timeline& timeline) {
  Time first = Time::limit();
  for (std::size_t d = 0; d < timeline.lanes.size(); ++d) {
    const std::span<const Interval> lane = timeline.lanes[d];
    if (!lane.empty()) first = std::min(first, lane.front().start);
  }
  return first;
}

void shift(Interval& interval, Time origin) {
  interval.start -= origin;
  interval.finish -= origin;
}

}  // namespace

void start_at_zero(const Schedule& schedule, Timeline& timeline) {
  const Time origin = first_start(timeline);
  for (std::size_t d = 0; d < timeline.lanes.size(); ++d) {
    Interval* first = timeline.lanes.first_of(d);
    for (Interval* it = first; it != first + timeline.lanes[d].size(); ++it) shift(*it, origin);
  }
  for (TailSpan& span : timeline.tail) shift(span.when, origin);
  for (Arrivals* arrivals : {&timeline.activation_arrival, &timeline.gradient_arrival}) {
    for (int s = 0; s < schedule.stages(); ++s) {
      for (int m = 0; m < schedule.micro_batches; ++m) {
        Time& arrival = arrivals->row(s)[m];
        if (arrival != Arrivals::not_yet) arrival -= origin;
      }
    }
  }
}

}  // namespace pipesim

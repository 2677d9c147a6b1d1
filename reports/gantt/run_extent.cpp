#include "reports/gantt/run_extent.hpp"

#include <algorithm>

namespace pipesim {

Interval pipeline_of(const Outcome& outcome) {
  std::optional<Interval> all;
  for (const DeviceUse& use : outcome.devices) {
    if (use.span.finish == use.span.start) continue;
    if (!all) all = use.span;
    all->start = std::min(all->start, use.span.start);
    all->finish = std::max(all->finish, use.span.finish);
  }
  return all.value_or(Interval{});
}

std::size_t span_count(const Timeline& timeline) {
  std::size_t count = timeline.tail.size();
  for (std::size_t device = 0; device < timeline.lanes.size(); ++device) {
    count += timeline.lanes[device].size();
  }
  return count;
}

Time last_finish(const Schedule& schedule, const Timeline& timeline) {
  Time last;
  for_each_span(schedule, timeline,
                [&](int, const Op&, const Interval& when) { last = std::max(last, when.finish); });
  return last;
}

}  // namespace pipesim

#include "sim/explain/explanation.hpp"

#include <algorithm>

namespace pipesim {

Explanation explain(const Schedule& schedule, const StepCosts& costs, const Timeline& timeline) {
  const RecordedOps ops(schedule, costs, timeline);
  Explanation explanation{.pipeline = {.start = Time::limit()}};
  std::optional<OpPlace> last;  // Of those that end then, the first.
  for (int device = 0; device < schedule.devices(); ++device) {
    for (std::size_t slot = 0; slot < ops.lane(device).size(); ++slot) {
      const OpPlace at{device, slot};
      if (!computes(ops.op(at).kind)) continue;
      const Interval when = ops.when(at);
      Interval& pipeline = explanation.pipeline;
      pipeline.start = std::min(pipeline.start, when.start);
      if (!last || when.finish > pipeline.finish) last = at;
      pipeline.finish = std::max(pipeline.finish, when.finish);
    }
  }
  if (!last) return {};
  explanation.links = costs.links.names;
  explanation.path = find_critical_path(ops, *last, explanation.pipeline.start);
  explanation.idle = split_idle_time(ops, explanation.pipeline);
  return explanation;
}

}  // namespace pipesim

#include "support/schedules/order_clock.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace pipesim::test {

namespace {

const StageLoad& load_of(const ScheduleRequest& request, int stage) {
  return request.loads[static_cast<std::size_t>(stage)];
}

using Ends = std::map<Op, Time>;

std::optional<Time> end_of(const Ends& ends, OpKind kind, int stage, int micro_batch) {
  const auto found = ends.find({.kind = kind, .stage = stage, .micro_batch = micro_batch});
  return found == ends.end() ? std::nullopt : std::optional(found->second);
}

// When all that the op needs is there; nothing as long as some of it has not run.
std::optional<Time> ready(const Ends& ends, const Op& op, const ScheduleRequest& request) {
  const auto hop = [&](int s) { return request.hops[static_cast<std::size_t>(s)]; };
  if (op.kind == OpKind::backward_weight) {
    return end_of(ends, OpKind::backward_input, op.stage, op.micro_batch);
  }
  if (op.kind == OpKind::forward) {
    if (op.stage == 0) return Time{};
    const auto before = end_of(ends, OpKind::forward, op.stage - 1, op.micro_batch);
    return before ? std::optional(*before + hop(op.stage - 1)) : std::nullopt;
  }
  const auto own = end_of(ends, OpKind::forward, op.stage, op.micro_batch);
  if (!own || op.stage + 1 == request.shape.all_stages()) return own;
  const auto behind = end_of(ends, OpKind::backward_input, op.stage + 1, op.micro_batch);
  return behind ? std::optional(*behind + hop(op.stage)) : std::nullopt;
}

}  // namespace

Time duration(const StageLoad& load, OpKind kind) {
  if (kind == OpKind::forward) return load.forward;
  return kind == OpKind::backward_input ? load.backward_input : load.backward_weight;
}

Bytes added(const StageLoad& load, OpKind kind) {
  if (kind == OpKind::forward) return load.stash;
  return kind == OpKind::backward_input ? load.weight_stash - load.stash : -load.weight_stash;
}

double OrderCost::bubble_rate(const ScheduleRequest& request) const {
  std::vector<Time> work(peak.size());
  const std::vector<int> placement = v_placement(request.shape);
  for (std::size_t s = 0; s < placement.size(); ++s) {
    const StageLoad& load = request.loads[s];
    work[static_cast<std::size_t>(placement[s])] +=
        request.shape.micro_batches * (load.forward + load.backward_input + load.backward_weight);
  }
  return 1 - seconds(*std::max_element(work.begin(), work.end())) / seconds(cost);
}

OrderCost play(const Schedule& schedule, const ScheduleRequest& request) {
  Ends ends;
  std::vector<std::size_t> at(schedule.lanes.size());
  std::vector<Time> start(schedule.lanes.size());
  std::vector<Time> free(schedule.lanes.size());
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    for (std::size_t d = 0; d < schedule.lanes.size(); ++d) {
      while (at[d] < schedule.lanes[d].size()) {
        const Op& op = schedule.lanes[d][at[d]];
        const auto arrived = ready(ends, op, request);
        if (!arrived || ends.contains(op)) break;
        const Time begin = std::max(free[d], *arrived);
        if (at[d]++ == 0) start[d] = begin;
        free[d] = ends[op] = begin + duration(load_of(request, op.stage), op.kind);
        goes_on = true;
      }
    }
  }
  OrderCost result{.complete = ends.size() == 3 * static_cast<std::size_t>(schedule.stages()) *
                                                  static_cast<std::size_t>(schedule.micro_batches)};
  for (std::size_t d = 0; d < schedule.lanes.size(); ++d) {
    result.complete = result.complete && at[d] == schedule.lanes[d].size();
    result.cost = std::max(result.cost, free[d] - start[d]);
    result.makespan = std::max(result.makespan, free[d]);
    Bytes held = 0;
    Bytes& peak = result.peak.emplace_back();
    for (const Op& op : schedule.lanes[d]) {
      held += added(load_of(request, op.stage), op.kind);
      peak = std::max(peak, held);
    }
  }
  return result;
}

bool keeps_memory(const OrderCost& order, const ScheduleRequest& request) {
  for (std::size_t d = 0; d < request.memory.size(); ++d) {
    if (order.peak[d] > request.memory[d]) return false;
  }
  return true;
}

}  // namespace pipesim::test

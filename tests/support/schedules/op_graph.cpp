#include "support/schedules/op_graph.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/topological_sort.hpp>
#include <map>

namespace pipesim::test {

namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS,
                                    boost::property<boost::vertex_color_t, int>,
                                    boost::property<boost::edge_weight_t, std::int64_t>>;

// One vertex for an op, or for the two of an overlapped pair.
struct Built {
  Graph graph{};
  std::vector<std::int64_t> duration{};               // [vertex]
  std::vector<std::vector<std::size_t>> vertex_of{};  // [device][slot]
  std::map<Op, std::size_t> vertex_of_op{};           // Without regard to with_next.
};

Op alone(Op op) {
  op.with_next = false;
  return op;
}

std::int64_t pair_duration(const Op& a, const Op& b, const StepCosts& costs) {
  const StageCost& first = costs.stages[static_cast<std::size_t>(a.stage)];
  const StageCost& second = costs.stages[static_cast<std::size_t>(b.stage)];
  const auto& overlapped = (a.kind == OpKind::forward ? first : second).overlapped;
  return overlapped ? overlapped->ps
                    : duration_of(a.kind, first).ps + duration_of(b.kind, second).ps;
}

void add_vertices(Built& built, const std::vector<Op>& lane, const StepCosts& costs) {
  std::vector<std::size_t>& vertices = built.vertex_of.emplace_back();
  for (std::size_t slot = 0; slot < lane.size(); ++slot) {
    const Op& op = lane[slot];
    const bool second = slot > 0 && lane[slot - 1].with_next;
    if (!second) {
      vertices.push_back(add_vertex(built.graph));
      const StageCost& cost = costs.stages[static_cast<std::size_t>(op.stage)];
      built.duration.push_back(op.with_next ? pair_duration(op, lane[slot + 1], costs)
                                            : duration_of(op.kind, cost).ps);
    } else {
      vertices.push_back(vertices.back());
    }
    built.vertex_of_op[alone(op)] = vertices.back();
  }
}

// What an op waits for, beside its device; ops that the schedule lacks are among them.
std::vector<Op> needs(const Op& op, const Schedule& schedule) {
  Op before = alone(op);
  Op behind = alone(op);
  --before.stage;
  ++behind.stage;
  if (op.kind == OpKind::forward) return {before};
  if (!sends_gradient(op.kind) && !(op.kind == OpKind::recompute && schedule.lazy_recompute)) {
    return {};
  }
  std::vector<Op> gradients(2, behind);
  gradients[0].kind = OpKind::backward;
  gradients[1].kind = OpKind::backward_input;
  return gradients;
}

Built build(const Schedule& schedule, const StepCosts& costs) {
  Built built;
  for (const auto& lane : schedule.lanes) add_vertices(built, lane, costs);

  const auto hop = [&](const Op& a, const Op& b) -> std::int64_t {
    return schedule.device_of(a.stage, a.copy) == schedule.device_of(b.stage, b.copy)
               ? 0
               : costs.hops[static_cast<std::size_t>(std::min(a.stage, b.stage))].total().ps;
  };
  for (std::size_t device = 0; device < schedule.lanes.size(); ++device) {
    const std::vector<Op>& lane = schedule.lanes[device];
    const std::vector<std::size_t>& vertices = built.vertex_of[device];
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      if (slot > 0 && vertices[slot - 1] != vertices[slot]) {
        add_edge(vertices[slot - 1], vertices[slot], 0, built.graph);
      }
      for (const Op& other : needs(lane[slot], schedule)) {
        const auto found = built.vertex_of_op.find(other);
        if (found == built.vertex_of_op.end()) continue;
        add_edge(found->second, vertices[slot], hop(other, lane[slot]), built.graph);
      }
    }
  }
  return built;
}

std::vector<std::int64_t> start_times(const Built& built) {
  std::vector<std::size_t> last_first;
  boost::topological_sort(built.graph, std::back_inserter(last_first));
  std::vector<std::int64_t> start(built.duration.size());
  for (auto vertex = last_first.rbegin(); vertex != last_first.rend(); ++vertex) {
    for (auto [edge, end] = in_edges(*vertex, built.graph); edge != end; ++edge) {
      const std::size_t from = source(*edge, built.graph);
      start[*vertex] = std::max(start[*vertex], start[from] + built.duration[from] +
                                                    get(boost::edge_weight, built.graph, *edge));
    }
  }
  return start;
}

// Of a lane, overlapped pairs once.
Time busy_time(const std::vector<Op>& lane, const std::vector<OpTime>& times) {
  Time busy;
  for (std::size_t slot = 0; slot < lane.size(); ++slot) {
    if (!lane[slot].with_next) busy += times[slot].finish - times[slot].start;
  }
  return busy;
}

Time pipeline_time(const std::vector<std::vector<OpTime>>& times) {
  Time first = Time::limit();
  Time last;
  for (const auto& lane : times) {
    for (const OpTime& op : lane) {
      first = std::min(first, op.start);
      last = std::max(last, op.finish);
    }
  }
  return last - first;
}

}  // namespace

std::vector<std::vector<OpTime>> op_times(const Schedule& schedule, const StepCosts& costs) {
  const Built built = build(schedule, costs);
  const std::vector<std::int64_t> start = start_times(built);
  std::vector<std::vector<OpTime>> times;
  for (const auto& vertices : built.vertex_of) {
    auto& lane = times.emplace_back();
    for (const std::size_t vertex : vertices) {
      lane.push_back({{start[vertex]}, {start[vertex] + built.duration[vertex]}});
    }
  }
  return times;
}

Time longest_path(const Schedule& schedule, const StepCosts& costs) {
  Time longest;
  for (const auto& lane : op_times(schedule, costs)) {
    for (const OpTime& op : lane) longest = std::max(longest, op.finish);
  }
  return longest;
}

std::vector<Time> idle_times(const Schedule& schedule, const StepCosts& costs) {
  const auto times = op_times(schedule, costs);
  const Time whole = pipeline_time(times);
  std::vector<Time> idle;
  for (std::size_t device = 0; device < times.size(); ++device) {
    idle.push_back(whole - busy_time(schedule.lanes[device], times[device]));
  }
  return idle;
}

Ratio idle_fraction(const Schedule& schedule, const StepCosts& costs) {
  Int128 idle = 0;
  for (const Time device : idle_times(schedule, costs)) idle += device.ps;
  return {idle, Int128{pipeline_time(op_times(schedule, costs)).ps} * schedule.devices()};
}

std::vector<Time> own_spans(const Schedule& schedule, const StepCosts& costs) {
  std::vector<Time> spans;
  for (const auto& lane : op_times(schedule, costs)) spans.push_back(pipeline_time({lane}));
  return spans;
}

}  // namespace pipesim::test

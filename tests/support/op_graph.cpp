#include "support/op_graph.hpp"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/topological_sort.hpp>
#include <map>
#include <vector>

namespace pipesim::test {

namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS,
                                    boost::property<boost::vertex_color_t, int>,
                                    boost::property<boost::edge_weight_t, std::int64_t>>;

struct Built {
  Graph graph{};
  std::vector<std::int64_t> duration{};
};

Built build(const Schedule& schedule, const StepCosts& costs) {
  Built built;
  std::map<Op, std::size_t> vertex_of;
  for (const auto& lane : schedule.lanes) {
    for (const Op& op : lane) {
      vertex_of[op] = add_vertex(built.graph);
      built.duration.push_back(
          duration_of(op.kind, costs.stages[static_cast<std::size_t>(op.stage)]).ps);
    }
  }
  const auto hop = [&](int a, int b) -> std::int64_t {
    const auto from = static_cast<std::size_t>(a);
    const auto to = static_cast<std::size_t>(b);
    return schedule.placement[from] == schedule.placement[to]
               ? 0
               : costs.hops[std::min(from, to)].total().ps;
  };
  const auto need = [&](std::size_t op, Op other, int stage) {
    const auto found = vertex_of.find(other);
    if (found != vertex_of.end()) {
      add_edge(found->second, op, hop(other.stage, stage), built.graph);
    }
  };
  for (const auto& lane : schedule.lanes) {
    for (std::size_t slot = 0; slot < lane.size(); ++slot) {
      const Op& op = lane[slot];
      const std::size_t vertex = vertex_of[op];
      if (slot > 0) add_edge(vertex_of[lane[slot - 1]], vertex, 0, built.graph);
      if (op.kind == OpKind::forward) {
        need(vertex,
             {.kind = OpKind::forward, .stage = op.stage - 1, .micro_batch = op.micro_batch},
             op.stage);
      }
      if (sends_gradient(op.kind) || (op.kind == OpKind::recompute && schedule.lazy_recompute)) {
        need(vertex,
             {.kind = OpKind::backward, .stage = op.stage + 1, .micro_batch = op.micro_batch},
             op.stage);
        need(vertex,
             {.kind = OpKind::backward_input, .stage = op.stage + 1, .micro_batch = op.micro_batch},
             op.stage);
      }
    }
  }
  return built;
}

}  // namespace

Time longest_path(const Schedule& schedule, const StepCosts& costs) {
  const Built built = build(schedule, costs);
  std::vector<std::size_t> last_first;
  boost::topological_sort(built.graph, std::back_inserter(last_first));
  std::vector<std::int64_t> finish(built.duration.size());
  std::int64_t longest = 0;
  for (auto vertex = last_first.rbegin(); vertex != last_first.rend(); ++vertex) {
    std::int64_t start = 0;
    for (auto [edge, end] = in_edges(*vertex, built.graph); edge != end; ++edge) {
      start = std::max(
          start, finish[source(*edge, built.graph)] + get(boost::edge_weight, built.graph, *edge));
    }
    finish[*vertex] = start + built.duration[*vertex];
    longest = std::max(longest, finish[*vertex]);
  }
  return {longest};
}

}  // namespace pipesim::test

#include "models/cluster/topology.hpp"

#include <algorithm>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <compare>
#include <map>

namespace pipesim {

namespace {

// Fewest links first, then the least latency.
struct Distance {
  int links = 0;
  Time latency{};

  auto operator<=>(const Distance&) const = default;
};

constexpr Distance unreached{.links = std::numeric_limits<int>::max(), .latency = Time::limit()};

Distance sum(const Distance& a, const Distance& b) {
  if (a == unreached) return unreached;
  return {.links = a.links + b.links, .latency = capped_sum(a.latency, b.latency)};
}

struct Edge {
  Distance length{};
  int direction = 0;  ///< 2·cable, and one more where it goes from the cable's `to`.
};

using Csr = boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, Edge>;

}  // namespace

struct Topology::Graph {
  Csr csr;
};

Topology::Topology(TopologyPlan plan) : plan_(std::move(plan)) {
  std::vector<std::pair<int, int>> ends;
  std::vector<Edge> edges;
  for (std::size_t i = 0; i < plan_.cables.size(); ++i) {
    const Cable& cable = plan_.cables[i];
    const Distance length{.links = 1, .latency = to_time(cable.interconnect.latency)};
    const int forward = 2 * static_cast<int>(i);
    ends.insert(ends.end(), {{cable.from, cable.to}, {cable.to, cable.from}});
    edges.insert(edges.end(), {{length, forward}, {length, forward + 1}});
  }
  graph_ =
      std::make_shared<const Graph>(Graph{Csr(boost::edges_are_unsorted_multi_pass, ends.begin(),
                                              ends.end(), edges.begin(), plan_.vertices.size())});
  arriving_.resize(static_cast<std::size_t>(plan_.devices));
}

std::string Topology::link_name(int link) const {
  const Cable& wire = cable(link);
  const bool back = link % 2 == 1;
  return vertex_name(back ? wire.to : wire.from) + (wire.full_duplex ? ">" : "-") +
         vertex_name(back ? wire.from : wire.to);
}

const std::vector<int>& Topology::arriving_from(int device) const {
  const std::scoped_lock lock(mutex_);
  std::vector<int>& arriving = arriving_[static_cast<std::size_t>(device)];
  if (!arriving.empty()) return arriving;
  const Csr& graph = graph_->csr;
  std::vector<Distance> distance(plan_.vertices.size(), unreached);
  boost::dijkstra_shortest_paths(
      graph, static_cast<std::size_t>(device),
      boost::distance_map(
          boost::make_iterator_property_map(distance.begin(), get(boost::vertex_index, graph)))
          .weight_map(get(&Edge::length, graph))
          .distance_combine(&sum)
          .distance_compare(std::less<>())
          .distance_inf(unreached)
          .distance_zero(Distance{}));
  // The tree that Dijkstra's algorithm finds depends on its queue where routes are equally long.
  arriving.assign(plan_.vertices.size(), -1);
  for (auto [edge, end] = boost::edges(graph); edge != end; ++edge) {
    const auto from = static_cast<std::size_t>(source(*edge, graph));
    const auto to = static_cast<std::size_t>(target(*edge, graph));
    const Edge& along = graph[*edge];
    if (distance[from] == unreached || sum(distance[from], along.length) != distance[to]) continue;
    if (arriving[to] < 0 || along.direction < arriving[to]) arriving[to] = along.direction;
  }
  return arriving;
}

std::vector<int> Topology::route(int from, int to) const {
  const std::vector<int>& arriving = arriving_from(from);
  std::vector<int> links;
  for (int at = to; at != from;) {
    const int direction = arriving[static_cast<std::size_t>(at)];
    const Cable& wire = cable(direction);
    links.push_back(wire.full_duplex ? direction : direction / 2 * 2);
    at = direction % 2 == 0 ? wire.from : wire.to;
  }
  std::ranges::reverse(links);
  return links;
}

int Topology::unreachable() const {
  const std::vector<int>& arriving = arriving_from(0);
  for (int device = 1; device < plan_.devices; ++device) {
    if (arriving[static_cast<std::size_t>(device)] < 0) return device;
  }
  return -1;
}

}  // namespace pipesim

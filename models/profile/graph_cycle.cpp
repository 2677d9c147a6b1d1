#include "models/profile/graph_cycle.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/depth_first_search.hpp>

namespace pipesim {

namespace {

using DirectedGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;

// Remembers by which edge each node was reached. An edge back to a node that is still being
// explored closes a cycle.
class CycleFinder : public boost::default_dfs_visitor {
 public:
  CycleFinder(std::vector<int>& reached_from, std::vector<ProfileEdge>& cycle)
      : reached_from_(&reached_from), cycle_(&cycle) {}

  template <class Edge>
  void tree_edge(Edge edge, const DirectedGraph& graph) {
    (*reached_from_)[target(edge, graph)] = static_cast<int>(source(edge, graph));
  }

  template <class Edge>
  void back_edge(Edge edge, const DirectedGraph& graph) {
    if (!cycle_->empty()) return;
    const int first = static_cast<int>(target(edge, graph));
    int node = static_cast<int>(source(edge, graph));
    cycle_->push_back({node, first});
    while (node != first) {
      const int before = (*reached_from_)[static_cast<std::size_t>(node)];
      cycle_->push_back({before, node});
      node = before;
    }
    std::ranges::reverse(*cycle_);
  }

 private:
  std::vector<int>* reached_from_;
  std::vector<ProfileEdge>* cycle_;
};

}  // namespace

std::vector<ProfileEdge> find_cycle(int nodes, const std::vector<ProfileEdge>& edges) {
  DirectedGraph graph(static_cast<std::size_t>(nodes));
  for (const ProfileEdge& edge : edges) {
    add_edge(static_cast<std::size_t>(edge.from), static_cast<std::size_t>(edge.to), graph);
  }
  std::vector<int> reached_from(static_cast<std::size_t>(nodes), -1);
  std::vector<ProfileEdge> cycle;
  boost::depth_first_search(graph, boost::visitor(CycleFinder(reached_from, cycle)));
  return cycle;
}

}  // namespace pipesim

#include "models/cluster/cluster.hpp"

namespace pipesim {

namespace {

Interconnect path_between(const Cluster& cluster, int from, int to) {
  if (cluster.topology) return path_between(*cluster.topology, from, to);
  if (cluster.nodes) return path_between(*cluster.nodes, from, to);
  return cluster.interconnect;
}

std::vector<int> ranks_of(const RankGroup& group) {
  std::vector<int> ranks;
  for (int i = 0; i < group.size; ++i) ranks.push_back(group.start + i * group.stride);
  return ranks;
}

}  // namespace

TransferCost message_cost(const Cluster& cluster, int from_rank, int to_rank, Bytes bytes) {
  if (from_rank == to_rank) return {};
  return transfer_cost(path_between(cluster, from_rank, to_rank), bytes);
}

GroupNetwork group_network(const Cluster& cluster, const std::vector<int>& ranks) {
  if (cluster.nodes) return group_network(*cluster.nodes, ranks);
  return {{{.ranks = static_cast<int>(ranks.size()),
            .interconnect =
                cluster.topology ? ring_through(*cluster.topology, ranks) : cluster.interconnect}}};
}

GroupNetwork group_network(const Cluster& cluster, const RankGrid& grid, Axis axis,
                           int pipeline_position) {
  const int first = rank_at(grid, {.pipeline = pipeline_position});
  return group_network(cluster, ranks_of(group_along(grid, axis, first)));
}

std::vector<int> route(const Cluster& cluster, int from_rank, int to_rank) {
  return cluster.topology ? cluster.topology->route(from_rank, to_rank) : std::vector<int>{};
}

int links(const Cluster& cluster) {
  return cluster.topology ? cluster.topology->links() : 0;
}

std::string link_name(const Cluster& cluster, int link) {
  return cluster.topology->link_name(link);
}

}  // namespace pipesim

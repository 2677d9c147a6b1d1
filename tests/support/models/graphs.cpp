#include "support/models/graphs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pipesim::test {

std::string node_line(const std::string& name, const ProfileNode& figures) {
  return fmt::format(
      "{} -- {} -- forward_compute_time={:.6f}, backward_compute_time={:.6f}, "
      "activation_size={}.000, parameter_size={}.000\n",
      name, figures.description.empty() ? "Layer" : figures.description,
      static_cast<double>(figures.forward.ps) / 1e9, static_cast<double>(figures.backward.ps) / 1e9,
      figures.activation_bytes, figures.parameter_bytes);
}

ProfileGraph graph_of(const std::vector<Bytes>& activations,
                      const std::vector<ProfileEdge>& edges) {
  ProfileGraph graph{.file = "g.txt", .edges = edges};
  for (const Bytes bytes : activations) {
    graph.nodes.push_back(
        {.name = fmt::format("n{}", graph.nodes.size()), .activation_bytes = bytes});
  }
  std::ranges::sort(graph.edges);
  return graph;
}

ProfileGraph chain_of(const std::vector<Bytes>& activations) {
  ProfileGraph chain = graph_of(activations, {});
  for (int i = 1; i < static_cast<int>(activations.size()); ++i) chain.edges.push_back({i - 1, i});
  return chain;
}

ProfileGraph random_graph(std::mt19937& random, int most) {
  const auto below = [&](int bound) {
    return static_cast<int>(random() % static_cast<unsigned>(bound));
  };
  ProfileGraph graph{.file = "g.txt"};
  const int layers = 1 + below(most);
  for (int to = 0; to < layers; ++to) {
    graph.nodes.push_back({.name = fmt::format("n{}", to),
                           .forward = below(9) * 1'000'000_us,
                           .backward = below(9) * 1'000'000_us,
                           .activation_bytes = below(20),
                           .parameter_bytes = below(20)});
    for (int from = 0; from < to; ++from) {
      if (below(3) == 0 || (from + 1 == to && below(2) == 0)) graph.edges.push_back({from, to});
    }
  }
  std::ranges::sort(graph.edges);
  return graph;
}

}  // namespace pipesim::test

#include "models/cluster/node_network.hpp"

#include <algorithm>
#include <map>

#include "models/keys/config_keys.hpp"

namespace pipesim {

namespace {

// How many of the ranks each node holds, where all hold the same number; else 0.
int ranks_in_each_node(const NodeNetwork& network, const std::vector<int>& ranks,
                       std::size_t& nodes) {
  std::map<int, int> held;
  for (const int rank : ranks) ++held[network.node_of(rank)];
  nodes = held.size();
  const int first = held.begin()->second;
  const bool equal =
      std::ranges::all_of(held, [&](const auto& node) { return node.second == first; });
  return equal ? first : 0;
}

}  // namespace

Interconnect path_between(const NodeNetwork& network, int from, int to) {
  if (network.node_of(from) == network.node_of(to)) return network.intra_node;
  Interconnect part = network.inter_node;
  if (part.bandwidth) part.bandwidth = *part.bandwidth * network.share();
  return part;
}

GroupNetwork group_network(const NodeNetwork& network, const std::vector<int>& ranks) {
  std::size_t nodes = 1;
  const int inside = ranks_in_each_node(network, ranks, nodes);
  if (inside == 0) {
    return {{{.ranks = static_cast<int>(ranks.size()),
              .interconnect = network.inter_node,
              .share = network.share()}}};
  }
  return {{{.ranks = inside, .interconnect = network.intra_node},
           {.ranks = static_cast<int>(nodes),
            .interconnect = network.inter_node,
            .share = network.share()}}};
}

const std::vector<NodeNetwork>& known_node_networks() {
  static const auto node = [](std::string name, std::string inside, std::string between, int nics,
                              std::string source) {
    return NodeNetwork{.name = std::move(name),
                       .node_size = 8,
                       .intra_node = known_interconnect(inside),
                       .inter_node = known_interconnect(between),
                       .nics = nics,
                       .source = std::move(source)};
  };
  static const std::vector<NodeNetwork> known = {
      node("dgx-v100", "nvlink2", "ib-edr", 4, "NVIDIA DGX-1 data sheet, 2018"),
      node("dgx-a100", "nvlink3", "ib-hdr", 8,
           "NVIDIA DGX A100 data sheet, 2020; Selene, Narayanan et al., arXiv:2104.04473"),
      node("dgx-a100-4nic", "nvlink3", "ib-hdr", 4,
           "vTrain's nodes, 800 Gbit/s each; github.com/VIA-Research/vTrain"),
      node("dgx-h100", "nvlink4", "ib-ndr", 8, "NVIDIA DGX H100 data sheet, 2023"),
      node("dgx-b200", "nvlink5", "ib-ndr", 8, "NVIDIA DGX B200 data sheet, 2024"),
  };
  return known;
}

NodeNetwork read_node_network(const Field& field) {
  field.allow_keys(keys_of(Section::nodes));
  constexpr std::string_view link = "an interconnect's name or an object";
  NodeNetwork network{.name = "custom nodes"};
  network.node_size = field.at("node_size", "how many devices a node has").count(most_in_a_node);
  network.intra_node = read_interconnect(field.at("intra_node", link));
  network.inter_node = read_interconnect(field.at("inter_node", link));
  network.nics = network.node_size;
  if (const auto nics = field.find("nics")) network.nics = nics->count(most_in_a_node);
  if (const auto name = field.find("name")) network.name = name->text();
  if (const auto source = field.find("source")) network.source = source->text();
  return network;
}

}  // namespace pipesim

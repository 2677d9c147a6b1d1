#include <stdexcept>

#include "models/cluster/node_network.hpp"
#include "models/cluster/topology_config.hpp"
#include "models/device/interconnect.hpp"
#include "models/keys/config_key_forms.hpp"

namespace pipesim {

namespace {

using namespace form;

// A link is used at most as fast as its data sheet says.
ValueForm part() {
  return number(1e-6, 1);
}

std::vector<ValueForm> link() {
  return {name_of(NameList::links), object(Section::interconnect)};
}

std::vector<ConfigKey> interconnect_keys() {
  return {
      {"name", {text()}, "custom interconnect", "what reports call it"},
      {"bandwidth", {bandwidth()}, "unlimited", "each way"},
      {"latency", {time()}, "0", "of a message"},
      {"efficiency", {part()}, "1", "the part of the bandwidth that messages reach"},
      {"collective_efficiency",
       {part(), object(Section::collective_efficiency)},
       "efficiency",
       "the part that collectives reach, one or by collective"},
      {"collective_latency",
       {time(), object(Section::collective_latency)},
       "latency each step",
       "an all-reduce's time beside its bytes, half of it for the others; or by collective"},
      {"shard_bandwidth",
       {bandwidth()},
       "no such pass",
       "at which a rank passes over its own part once more in an all-reduce; half for the others"},
      {"source", {text()}, "", "where the figures are from"},
  };
}

std::vector<ConfigKey> by_collective(const ValueForm& form, std::string_view default_text,
                                     std::string_view description) {
  std::vector<ConfigKey> keys;
  for (const std::string_view name : collective_names) {
    keys.push_back({name, {form}, default_text, description});
  }
  return keys;
}

std::vector<ConfigKey> nodes_keys() {
  return {
      {"name", {text()}, "custom nodes", "what reports call them"},
      {"node_size", {integer(1, most_in_a_node)}, required, "devices of a node"},
      {"intra_node", link(), required, "inside a node, from every device to any other"},
      {"inter_node", link(), required, "between nodes, each NIC"},
      {"nics", {integer(1, most_in_a_node)}, "node_size", "of a node; its devices share them"},
      {"source", {text()}, "", "where the figures are from"},
  };
}

std::vector<ConfigKey> topology_keys() {
  return {
      {"name", {text()}, "custom topology", "what reports call it"},
      {"devices",
       {integer(1, most_vertices), list_of(text())},
       required,
       "their names in the order of ranks, or how many: gpu0, gpu1, …"},
      {"switches", {list_of(text())}, "none", "names of all that is no device"},
      {"links", {list_of(object(Section::topology_link))}, "none", "what joins them"},
  };
}

std::vector<ConfigKey> topology_link_keys() {
  return {
      {"between", {list_of(text(), 2)}, required, "the names of its two ends"},
      {"interconnect", link(), required, "what it is"},
      {"count", {integer(1, 1 << 20)}, "1", "so many side by side: the sum of their bandwidths"},
      {"duplex", {one_of(duplex_choices)}, "full", "its two directions"},
  };
}

}  // namespace

ConfigSection network_section(Section section) {
  switch (section) {
    case Section::interconnect:
      return {.name = "interconnect",
              .place = "cluster.interconnect",
              .description = "A link between two devices",
              .keys = interconnect_keys()};
    case Section::collective_efficiency:
      return {.name = "collective_efficiency",
              .place = "cluster.interconnect.collective_efficiency",
              .description = "The part of the bandwidth that each collective reaches",
              .keys = by_collective(part(), "efficiency", "the part that it reaches")};
    case Section::collective_latency:
      return {.name = "collective_latency",
              .place = "cluster.interconnect.collective_latency",
              .description = "What each collective takes beside its bytes",
              .keys = by_collective(time(), "latency each step", "its time beside the bytes")};
    case Section::nodes:
      return {.name = "nodes",
              .place = "cluster.interconnect",
              .description = "Nodes of several devices: device i is in node i / node_size",
              .keys = nodes_keys()};
    case Section::topology:
      return {
          .name = "topology",
          .place = "cluster.topology",
          .description = "A graph of links that devices share; at most 4096 devices and switches",
          .keys = topology_keys()};
    case Section::topology_link:
      return {.name = "topology_link",
              .place = "cluster.topology.links",
              .description = "A link of a topology",
              .keys = topology_link_keys()};
    default:
      throw std::logic_error("no section of networks");
  }
}

}  // namespace pipesim

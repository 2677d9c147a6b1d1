#include "reports/schema/known_names.hpp"

#include <fmt/format.h>

#include "models/cluster/node_network.hpp"
#include "models/cluster/topology_config.hpp"
#include "models/device/device.hpp"
#include "models/keys/model_kinds.hpp"
#include "models/settings/precision.hpp"
#include "reports/text/number_text.hpp"
#include "schedules/orders/catalog.hpp"

namespace pipesim {

namespace {

std::string describe_device(const Device& device) {
  std::string text =
      device.memory ? fmt::format("{:>7}", readable_bytes(*device.memory)) : "no limit";
  for (std::size_t i = 0; i < precision_names.size(); ++i) {
    if (device.flops[i]) {
      text += fmt::format(", {} {}FLOP/s", precision_names[i], readable_rate(*device.flops[i]));
    }
  }
  if (device.memory_bandwidth) {
    text += fmt::format(", {}B/s", readable_rate(*device.memory_bandwidth));
  }
  return fmt::format("{} [{}]", text, device.source);
}

std::string describe_interconnect(const Interconnect& link) {
  if (!link.bandwidth) return link.source;
  return fmt::format("{}B/s each way, {} [{}]", readable_rate(*link.bandwidth),
                     readable(to_time(link.latency)), link.source);
}

std::string describe_nodes(const NodeNetwork& nodes) {
  return fmt::format("nodes of {} over {}, {} NICs of {} between them [{}]", nodes.node_size,
                     nodes.intra_node.name, nodes.nics, nodes.inter_node.name, nodes.source);
}

std::vector<KnownName> names_of_interconnects(bool links_only) {
  std::vector<KnownName> names;
  for (const Interconnect& link : known_interconnects()) {
    names.push_back({link.name, describe_interconnect(link)});
  }
  if (links_only) return names;
  for (const NodeNetwork& nodes : known_node_networks()) {
    names.push_back({nodes.name, describe_nodes(nodes)});
  }
  for (const KnownTopology& topology : known_topologies()) {
    names.push_back({std::string(topology.name), std::string(topology.description)});
  }
  return names;
}

// The names of what brings its description along.
template <class Known>
std::vector<KnownName> names_of(const std::vector<Known>& known) {
  std::vector<KnownName> names;
  for (const Known& one : known)
    names.push_back({std::string(one.name), std::string(one.description)});
  return names;
}

}  // namespace

std::vector<KnownName> known_names(NameList list) {
  std::vector<KnownName> names;
  switch (list) {
    case NameList::schedules:
      names = names_of(known_schedules());
      for (std::size_t i = 0; i < names.size(); ++i) {
        const std::vector<std::string_view>& aliases = known_schedules()[i].aliases;
        names[i].aliases.assign(aliases.begin(), aliases.end());
      }
      return names;
    case NameList::model_kinds:
      return names_of(known_model_kinds());
    case NameList::interconnects:
    case NameList::links:
      return names_of_interconnects(list == NameList::links);
    case NameList::devices:
      for (const Device& device : known_devices()) {
        names.push_back({device.name, describe_device(device)});
      }
  }
  return names;
}

}  // namespace pipesim

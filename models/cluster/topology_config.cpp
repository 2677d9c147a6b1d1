#include "models/cluster/topology_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "models/keys/config_keys.hpp"

namespace pipesim {

namespace {

class Names {
 public:
  void add(const std::string& name, const Field& field) {
    if (static_cast<int>(vertices_.size()) == most_vertices) {
      throw field.error("is one device or switch too many",
                        fmt::format("a topology has at most {}", most_vertices));
    }
    if (!index_.emplace(name, vertices_.size()).second) {
      throw field.error("is the name of two", "every device and switch has a name of its own");
    }
    vertices_.push_back(name);
  }

  int find(const Field& field) const {
    const std::string name = field.text();
    const auto found = index_.find(name);
    if (found != index_.end()) return static_cast<int>(found->second);
    throw field.error("is no device or switch of the topology",
                      suggestion(name, "devices and switches", vertices_));
  }

  std::vector<std::string> take() { return std::move(vertices_); }

 private:
  std::vector<std::string> vertices_;
  std::map<std::string, std::size_t> index_;
};

int add_devices(const Field& field, Names& names) {
  if (field.is_list()) {
    const std::vector<Field> items = field.items();
    for (const Field& item : items) names.add(item.text(), item);
    return static_cast<int>(items.size());
  }
  const int count = field.count(most_vertices);
  for (int i = 0; i < count; ++i) names.add(fmt::format("gpu{}", i), field);
  return count;
}

Cable read_cable(const Field& field, const Names& names) {
  field.allow_keys(keys_of(Section::topology_link));
  const Field between = field.at("between", R"(the names of its two ends: ["gpu0", "switch"])");
  const std::vector<Field> ends = between.items();
  if (ends.size() != 2) {
    throw between.error("must name two ends", "a link is between two devices or switches");
  }
  Cable cable{.from = names.find(ends[0]), .to = names.find(ends[1])};
  if (cable.from == cable.to) {
    throw between.error("has the same end twice", "a link is between two devices or switches");
  }
  cable.interconnect =
      read_interconnect(field.at("interconnect", "an interconnect's name or an object"));
  if (const auto count = field.find("count")) cable.count = count->count(1 << 20);
  if (const auto duplex = field.find("duplex")) {
    cable.full_duplex = duplex->pick("kinds", duplex_choices) == 0;
  }
  return cable;
}

TopologyPlan plan_of(std::string name, int devices, std::string_view device_name) {
  TopologyPlan plan{.name = std::move(name), .devices = devices};
  for (int i = 0; i < devices; ++i) plan.vertices.push_back(fmt::format("{}{}", device_name, i));
  return plan;
}

int add_vertex(TopologyPlan& plan, std::string name) {
  plan.vertices.push_back(std::move(name));
  return static_cast<int>(plan.vertices.size()) - 1;
}

// What a message takes is the devices' doing, its copies and their synchronisation: the two ends
// share the latency, switches add none.
TopologyPlan pcie3_host(int /*devices*/) {
  constexpr int gpus = 8;
  constexpr int gpus_per_switch = 4;
  TopologyPlan plan = plan_of("pcie3-host", gpus, "gpu");
  Interconnect end = known_interconnect("pcie3");
  Interconnect uplink = end;
  end.latency /= 2;
  uplink.latency = 0;
  int bridge = 0;
  std::vector<int> switches{add_vertex(plan, "switch0"), add_vertex(plan, "switch1")};
  bridge = add_vertex(plan, "host");
  for (int gpu = 0; gpu < gpus; ++gpu) {
    plan.cables.push_back({.from = gpu,
                           .to = switches[static_cast<std::size_t>(gpu / gpus_per_switch)],
                           .interconnect = end});
  }
  for (const int at : switches) {
    plan.cables.push_back({.from = at, .to = bridge, .interconnect = uplink});
  }
  return plan;
}

TopologyPlan ring(std::string name, std::string_view interconnect, int devices) {
  TopologyPlan plan = plan_of(std::move(name), devices, "tpu");
  const Interconnect& link = known_interconnect(interconnect);
  const int links = devices > 2 ? devices : devices - 1;  // Two devices need one.
  for (int i = 0; i < links; ++i) {
    plan.cables.push_back({.from = i, .to = (i + 1) % devices, .interconnect = link});
  }
  return plan;
}

}  // namespace

TopologyPlan read_topology(const Field& field, int needed) {
  field.allow_keys(keys_of(Section::topology));
  TopologyPlan plan{.name = "custom topology"};
  if (const auto name = field.find("name")) plan.name = name->text();
  Names names;
  const Field devices = field.at("devices", R"(their names, or how many: "gpu0", "gpu1", …)");
  plan.devices = add_devices(devices, names);
  if (plan.devices < needed) {
    throw devices.error(fmt::format("has fewer than the {} devices that are asked for", needed),
                        "every rank is one of the topology's devices, in this order");
  }
  if (const auto switches = field.find("switches")) {
    for (const Field& item : switches->items()) names.add(item.text(), item);
  }
  if (const auto links = field.find("links")) {
    for (const Field& link : links->items()) plan.cables.push_back(read_cable(link, names));
  }
  plan.vertices = names.take();
  const Topology topology(plan);
  const int lost = topology.unreachable();
  if (lost >= 0) {
    throw field.error(fmt::format("does not connect {} with {}", in_quotes(plan.vertices.front()),
                                  in_quotes(topology.vertex_name(lost))),
                      "add a link, or a switch that both are linked to");
  }
  return plan;
}

const std::vector<KnownTopology>& known_topologies() {
  static const std::vector<KnownTopology> known = {
      {"pcie3-host", "8 GPUs under two PCIe 3.0 switches, whose links to the host they share", 8,
       pcie3_host},
      {"tpu-v2-ring", "a ring of cores over ici-v2, each passing on what is not for it",
       most_vertices, [](int devices) { return ring("tpu-v2-ring", "ici-v2", devices); }},
      {"tpu-v3-ring", "a ring of cores over ici-v3, each passing on what is not for it",
       most_vertices, [](int devices) { return ring("tpu-v3-ring", "ici-v3", devices); }},
  };
  return known;
}

}  // namespace pipesim

#include "models/cluster/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "models/cluster/topology_config.hpp"
#include "models/keys/config_keys.hpp"

namespace pipesim {

namespace {

struct Part {
  std::string_view key;  ///< Below /training, but for the stages.
  int size;
};

// What the devices are a product of: stages and replicas always, the others where there are any.
std::vector<Part> parts_of(const RankGrid& grid) {
  std::vector<Part> parts{{"stages", grid.pipeline}, {"data_parallel", grid.data}};
  if (grid.tensor > 1) parts.push_back({"tensor_parallel", grid.tensor});
  if (grid.context > 1) parts.push_back({"context_parallel", grid.context});
  return parts;
}

std::string product_of_names(const std::vector<Part>& parts, std::string_view times) {
  std::string text;
  for (const Part& part : parts) {
    text += fmt::format("{}{}", text.empty() ? "" : times, part.key);
  }
  return text;
}

std::string product_of_sizes(const std::vector<Part>& parts) {
  std::string text;
  for (const Part& part : parts) text += fmt::format("{}{}", text.empty() ? "" : " × ", part.size);
  return text;
}

// "pipeline.stages or training.data_parallel"
std::string settings_of(const std::vector<Part>& parts) {
  std::string text = "pipeline.stages";
  for (std::size_t i = 1; i < parts.size(); ++i) {
    text += fmt::format("{}training.{}", i + 1 == parts.size() ? " or " : ", ", parts[i].key);
  }
  return text;
}

// The number of devices that the config needs. Throws InputError where no int holds it.
int needed_devices(const Field& config, const RankGrid& asked) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  const std::vector<Part> parts = parts_of(asked);
  if (asked.ranks() <= most) return static_cast<int>(asked.ranks());
  const Part& largest = *std::max_element(
      parts.begin() + 1, parts.end(), [](const Part& a, const Part& b) { return a.size < b.size; });
  throw config.source()->error(
      fmt::format("/training/{}", largest.key), "asks for more devices than can be named",
      std::to_string(largest.size),
      fmt::format("{} is at most {}", product_of_names(parts, " times "), most));
}

void check_count(const Field& count, const RankGrid& asked, int needed) {
  if (count.count() == needed) return;
  const std::vector<Part> parts = parts_of(asked);
  throw count.error(
      fmt::format("must be {}, which is {}", product_of_names(parts, " × "),
                  product_of_sizes(parts)),
      fmt::format("set it to {}, leave it out, or change {}", needed, settings_of(parts)));
}

// Whether they compute and hold the same, whatever they are called.
bool alike(const std::vector<Device>& devices) {
  return std::ranges::all_of(devices, [&](Device device) {
    device.name = devices.front().name;
    device.source = devices.front().source;
    return device == devices.front();
  });
}

// Whether the command line asks for other numbers than the config's file, whose list was made for
// those.
bool resized(const Source& source) {
  constexpr std::string_view sizes[] = {"/pipeline/stages", "/training/data_parallel",
                                        "/training/tensor_parallel", "/training/context_parallel"};
  return std::ranges::any_of(sizes,
                             [&](std::string_view size) { return source.blame(size) == "--set"; });
}

// One device, one for each of a pipeline's, or one for each rank.
void read_devices(const Field& field, const RankGrid& grid, Cluster& cluster) {
  if (!field.is_list()) {
    cluster.kinds = {read_device(field)};
    return;
  }
  std::vector<Device> devices;
  for (const Field& item : field.items()) devices.push_back(read_device(item));
  const auto count = std::ssize(devices);
  const bool fits = count == grid.pipeline || count == cluster.devices;
  if (count > 0 && (fits || resized(*field.source())) && alike(devices)) {  // As one for all.
    cluster.kinds = {std::move(devices.front())};
    return;
  }
  if (count == grid.pipeline) {
    cluster.kinds = std::move(devices);
    return;
  }
  if (count != cluster.devices) {
    const std::string each =
        fmt::format("must have one entry for each of the {} devices", grid.pipeline);
    throw field.error(
        grid.pipeline == cluster.devices
            ? each
            : fmt::format("{} of a pipeline, or for each of all {}", each, cluster.devices),
        fmt::format("this list has {}", count));
  }
  cluster.rank_kinds = std::move(devices);
  cluster.kinds.clear();
  for (int p = 0; p < grid.pipeline; ++p) {
    cluster.kinds.push_back(
        cluster.rank_kinds[static_cast<std::size_t>(rank_at(grid, {.pipeline = p}))]);
  }
}

int read_rank(const Field& factor, const std::string& key, int devices) {
  int rank = -1;
  const auto failed = std::from_chars(key.data(), key.data() + key.size(), rank).ec;
  const bool is_number = failed == std::errc{} && std::to_string(rank) == key;  // So not "01".
  if (!is_number || rank < 0 || rank >= devices) {
    throw factor.error("is not under a device's number",
                       fmt::format("devices are 0 to {}", devices - 1));
  }
  return rank;
}

void read_stragglers(const Field& field, Cluster& cluster) {
  constexpr double most = 1e6;
  for (const auto& [key, factor] : field.entries()) {
    if (factor.is_null()) continue;
    const int rank = read_rank(factor, key, cluster.devices);
    const double slowdown = factor.number(1, most);
    if (slowdown > 1) cluster.stragglers[rank] = slowdown;
  }
}

void use_topology(TopologyPlan plan, Cluster& cluster) {
  cluster.topology = std::make_shared<const Topology>(std::move(plan));
  cluster.interconnect = {.name = cluster.topology->name()};
  if (cluster.devices > 1) cluster.interconnect = path_between(*cluster.topology, 0, 1);
}

void use_nodes(NodeNetwork nodes, Cluster& cluster) {
  cluster.interconnect = path_between(nodes, 0, 1);
  cluster.interconnect.name = nodes.name;
  cluster.nodes = std::move(nodes);
}

// An interconnect, nodes or a topology by name; false where it is none of these.
bool use_known(const Field& field, Cluster& cluster) {
  const std::string name = field.text();
  for (const NodeNetwork& nodes : known_node_networks()) {
    if (nodes.name == name) return use_nodes(nodes, cluster), true;
  }
  for (const KnownTopology& known : known_topologies()) {
    if (known.name != name) continue;
    if (cluster.devices > known.most_devices) {
      throw field.error(fmt::format("has {} devices, fewer than the {} that are asked for",
                                    known.most_devices, cluster.devices),
                        "choose another interconnect, or describe a topology");
    }
    return use_topology(known.plan(cluster.devices), cluster), true;
  }
  for (const Interconnect& known : known_interconnects()) {
    if (known.name == name) return cluster.interconnect = known, true;
  }
  return false;
}

void read_network(const Field& field, Cluster& cluster) {
  if (field.is_object() && (field.find("node_size") || field.find("intra_node"))) {
    return use_nodes(read_node_network(field), cluster);
  }
  if (!field.is_text()) {
    cluster.interconnect = read_interconnect(field);
    return;
  }
  if (use_known(field, cluster)) return;
  std::vector<std::string> names;
  for (const Interconnect& known : known_interconnects()) names.push_back(known.name);
  for (const NodeNetwork& known : known_node_networks()) names.push_back(known.name);
  for (const KnownTopology& known : known_topologies()) names.emplace_back(known.name);
  throw unknown_interconnect(field, names);
}

void read_networks(const Field& section, Cluster& cluster) {
  const auto link = section.find("interconnect");
  const auto topology = section.find("topology");
  if (link && topology) {
    throw topology->error("describes the links, and so does interconnect",
                          "give only one of the two");
  }
  if (topology && topology->is_text()) {
    throw topology->error("must describe a graph of links",
                          "what has a name goes to cluster.interconnect");
  }
  if (link) return read_network(*link, cluster);
  if (topology) return use_topology(read_topology(*topology, cluster.devices), cluster);
  const std::optional<Interconnect>& own = cluster.kinds.front().interconnect;
  if (own) cluster.interconnect = *own;
}

}  // namespace

Cluster read_cluster(const Field& config, const RankGrid& asked) {
  Cluster cluster{.devices = needed_devices(config, asked),
                  .kinds = {known_devices().front()},
                  .interconnect = known_interconnects().front()};
  const auto section = config.find("cluster");
  if (!section) return cluster;

  section->allow_keys(keys_of(Section::cluster));
  RankGrid grid = asked;
  if (const auto order = section->find("order")) grid.order = read_order(*order, asked);
  cluster.order = grid.order;
  if (const auto count = section->find("devices")) check_count(*count, asked, cluster.devices);
  if (const auto device = section->find("device")) read_devices(*device, grid, cluster);
  if (const auto slow = section->find("stragglers")) read_stragglers(*slow, cluster);
  if (const auto time = section->find("host_time_per_layer")) {
    cluster.host_time_per_layer = time->time();
  }
  read_networks(*section, cluster);
  return cluster;
}

}  // namespace pipesim

#include "models/cluster.hpp"

#include <fmt/format.h>

namespace pipesim {

namespace {

std::vector<Device> read_devices(const Field& field, int stages, int data_parallel) {
  if (!field.is_list()) return {read_device(field)};
  std::vector<Device> devices;
  for (const Field& item : field.items()) devices.push_back(read_device(item));
  if (data_parallel != 1) {
    throw field.error("a list of devices describes one pipeline, not several replicas",
                      "set training.data_parallel to 1, or name one device for all");
  }
  if (devices.size() != static_cast<std::size_t>(stages)) {
    throw field.error(fmt::format("must have one entry for each of the {} devices", stages),
                      fmt::format("this list has {}", devices.size()));
  }
  return devices;
}

}  // namespace

Cluster read_cluster(const Field& config, int stages, int data_parallel) {
  const std::int64_t needed = std::int64_t{stages} * data_parallel;
  const std::int64_t most = std::numeric_limits<int>::max();
  if (needed > most) {
    throw config.source()->error("/training/data_parallel",
                                 "asks for more devices than can be named",
                                 std::to_string(data_parallel),
                                 fmt::format("stages times data_parallel is at most {}", most));
  }
  Cluster cluster{.devices = static_cast<int>(needed),
                  .kinds = {known_devices().front()},
                  .interconnect = known_interconnects().front()};
  const auto section = config.find("cluster");
  if (!section) return cluster;

  section->allow_keys({"devices", "device", "interconnect"});
  if (const auto count = section->find("devices"); count && count->count() != needed) {
    throw count->error(
        fmt::format("must be stages × data_parallel, which is {} × {}", stages, data_parallel),
        fmt::format("set it to {}, leave it out, or change pipeline.stages or "
                    "training.data_parallel",
                    needed));
  }
  if (const auto device = section->find("device")) {
    cluster.kinds = read_devices(*device, stages, data_parallel);
    const std::optional<Interconnect>& own = cluster.kinds.front().interconnect;
    if (own) cluster.interconnect = *own;
  }
  if (const auto link = section->find("interconnect"))
    cluster.interconnect = read_interconnect(*link);
  return cluster;
}

}  // namespace pipesim

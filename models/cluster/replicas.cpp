#include "models/cluster/replicas.hpp"

#include <algorithm>
#include <map>

namespace pipesim {

namespace {

// Numbers the kinds of devices in a list. Those that are described alike, near each other, have one
// number.
class KindNumbers {
 public:
  int number(const Device& device) {
    constexpr std::size_t most_compared = 16;  // Of one name.
    std::vector<int>& named = by_name_[device.name];
    const std::size_t compared = std::min(most_compared, named.size());
    const auto found =
        std::find_if(named.end() - static_cast<std::ptrdiff_t>(compared), named.end(),
                     [&](int kind) { return kinds_[index(kind)] == device; });
    if (found != named.end()) return *found;
    named.push_back(static_cast<int>(kinds_.size()));
    kinds_.push_back(device);
    return named.back();
  }
  std::vector<Device> kinds() && { return std::move(kinds_); }

 private:
  std::vector<Device> kinds_{};
  std::map<std::string, std::vector<int>> by_name_{};

  static std::size_t index(int kind) { return static_cast<std::size_t>(kind); }
};

void add(const StageDevice& device, StageDevices& devices) {
  const auto at = std::ranges::lower_bound(devices, device.kind, {}, &StageDevice::kind);
  if (at == devices.end() || at->kind != device.kind) {
    devices.insert(at, device);
  } else {
    at->slowdown = std::max(at->slowdown, device.slowdown);
  }
}

void add(const PipelineDevices& more, PipelineDevices& devices) {
  for (std::size_t p = 0; p < devices.size(); ++p) {
    for (const StageDevice& device : more[p]) add(device, devices[p]);
  }
}

// The devices of each replica: those of a pipeline, and what is particular to one.
class ReplicaFinder {
 public:
  ReplicaFinder(const Cluster& cluster, const RankGrid& grid, KindNumbers& kinds)
      : cluster_(cluster), grid_(grid) {
    for (const Device& device : cluster.kinds) kinds_.push_back(kinds.number(device));
    for (const Device& device : cluster.rank_kinds) rank_kinds_.push_back(kinds.number(device));
    for (const auto& [rank, factor] : cluster.stragglers) {
      slow_[grid.position(Axis::data, rank)].emplace_back(rank, factor);
    }
    pipeline_.resize(static_cast<std::size_t>(grid.pipeline));
    for (std::size_t p = 0; p < pipeline_.size(); ++p) {
      pipeline_[p] = {{.kind = kinds_[kinds_.size() == 1 ? 0 : p]}};
    }
  }

  // All others are alike, where not all ranks are listed.
  bool is_particular(int replica) const { return !rank_kinds_.empty() || slow_.contains(replica); }

  const PipelineDevices& pipeline() const { return pipeline_; }

  PipelineDevices of(int replica) const {
    PipelineDevices devices =
        rank_kinds_.empty() ? pipeline_ : PipelineDevices(pipeline_.size(), StageDevices{});
    if (!rank_kinds_.empty()) add_listed(replica, devices);
    const auto slow = slow_.find(replica);
    if (slow == slow_.end()) return devices;
    for (const auto& [rank, factor] : slow->second) {
      const auto position = static_cast<std::size_t>(grid_.position(Axis::pipeline, rank));
      add({.kind = kind_of(rank, position), .slowdown = factor}, devices[position]);
    }
    return devices;
  }

 private:
  const Cluster& cluster_;
  const RankGrid& grid_;
  std::vector<int> kinds_{};
  std::vector<int> rank_kinds_{};
  std::map<int, std::vector<std::pair<int, double>>> slow_{};  // By replica.
  PipelineDevices pipeline_{};

  int kind_of(int rank, std::size_t position) const {
    if (!rank_kinds_.empty()) return rank_kinds_[static_cast<std::size_t>(rank)];
    return kinds_[kinds_.size() == 1 ? 0 : position];
  }

  void add_listed(int replica, PipelineDevices& devices) const {
    for (int p = 0; p < grid_.pipeline; ++p) {
      const int first = rank_at(grid_, {.data = replica, .pipeline = p});
      for (const int rank : group_over(grid_, {Axis::tensor, Axis::context}, first)) {
        add({.kind = rank_kinds_[static_cast<std::size_t>(rank)]},
            devices[static_cast<std::size_t>(p)]);
      }
    }
  }
};

}  // namespace

ReplicaDevices replica_devices(const Cluster& cluster, const RankGrid& grid) {
  KindNumbers kinds;
  const ReplicaFinder finder(cluster, grid, kinds);
  ReplicaDevices result;
  std::map<PipelineDevices, std::size_t> groups;
  std::optional<std::size_t> alike;
  for (int replica = 0; replica < grid.data; ++replica) {
    const bool particular = finder.is_particular(replica);
    if (!particular && alike) {
      result.groups[*alike].replicas.push_back(replica);
      continue;
    }
    PipelineDevices devices = particular ? finder.of(replica) : finder.pipeline();
    const auto [found, is_new] = groups.try_emplace(std::move(devices), result.groups.size());
    if (is_new) result.groups.push_back({.devices = found->first});
    result.groups[found->second].replicas.push_back(replica);
    if (!particular) alike = found->second;
  }
  result.slowest = result.groups.front().devices;
  for (const ReplicaGroup& group : result.groups) add(group.devices, result.slowest);
  result.kinds = std::move(kinds).kinds();
  return result;
}

std::optional<Bytes> least_memory(const StageDevices& devices, const std::vector<Device>& kinds) {
  std::optional<Bytes> least;
  for (const StageDevice& device : devices) {
    const std::optional<Bytes>& memory = kinds[static_cast<std::size_t>(device.kind)].memory;
    if (memory) least = std::min(*memory, least.value_or(*memory));
  }
  return least;
}

double largest_slowdown(const StageDevices& devices) {
  return std::ranges::max(devices, {}, &StageDevice::slowdown).slowdown;
}

}  // namespace pipesim

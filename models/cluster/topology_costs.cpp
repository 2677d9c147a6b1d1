#include <algorithm>
#include <map>

#include "models/cluster/topology.hpp"

namespace pipesim {

namespace {

void keep_least(std::optional<double>& kept, std::optional<double> other) {
  if (other) kept = std::min(*other, kept.value_or(*other));
}

// A constant of the collectives counts only where every link of the ring states one.
void keep_largest(ByCollective& kept, const ByCollective& other, bool first) {
  for (std::size_t c = 0; c < kept.size(); ++c) {
    if (first) {
      kept[c] = other[c];
    } else if (kept[c] && other[c]) {
      kept[c] = std::max(*kept[c], *other[c]);
    } else {
      kept[c].reset();
    }
  }
}

// The bandwidth is what the quickest collective gets; the others get their part of it.
void set_rates(Interconnect& ring, const ByCollective& rates) {
  for (const auto& rate : rates) {
    if (rate) ring.bandwidth = std::max(*rate, ring.bandwidth.value_or(0));
  }
  for (std::size_t c = 0; c < rates.size(); ++c) {
    if (rates[c]) ring.collective_efficiency[c] = *rates[c] / *ring.bandwidth;
  }
}

}  // namespace

Interconnect path_between(const Topology& topology, int from, int to) {
  Interconnect path{.name = topology.name()};
  for (const int link : topology.route(from, to)) {
    const Cable& cable = topology.cable(link);
    const Interconnect& wire = cable.interconnect;
    path.latency += wire.latency;
    if (wire.bandwidth) keep_least(path.bandwidth, *wire.bandwidth * wire.efficiency * cable.count);
  }
  return path;
}

Interconnect ring_through(const Topology& topology, const std::vector<int>& devices) {
  Interconnect ring{.name = topology.name()};
  std::map<int, int> hops;  // Of the ring, by the link that they take.
  for (std::size_t i = 0; i < devices.size(); ++i) {
    double latency = 0;
    for (const int link : topology.route(devices[i], devices[(i + 1) % devices.size()])) {
      ++hops[link];
      latency += topology.cable(link).interconnect.latency;
    }
    ring.latency = std::max(ring.latency, latency);
  }
  ByCollective rates;
  bool first = true;
  for (const auto& [link, sharing] : hops) {
    const Cable& cable = topology.cable(link);
    const Interconnect& wire = cable.interconnect;
    keep_largest(ring.collective_latency, wire.collective_latency, first);
    first = false;
    keep_least(ring.shard_bandwidth, wire.shard_bandwidth);
    for (std::size_t c = 0; c < rates.size(); ++c) {
      const auto rate = wire.rate(static_cast<Collective>(c));
      if (rate) keep_least(rates[c], *rate * cable.count / sharing);
    }
  }
  set_rates(ring, rates);
  return ring;
}

}  // namespace pipesim

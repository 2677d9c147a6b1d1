#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "models/base/units.hpp"
#include "models/device/interconnect.hpp"

namespace pipesim {

/// A cable or bus between two vertices of a topology: `count` of them side by side count as one.
/// Full duplex: each direction is a link of its own; half: both share one.
struct Cable {
  int from = 0;
  int to = 0;
  Interconnect interconnect{};
  int count = 1;
  bool full_duplex = true;
};

/// What a topology is made of. Vertices 0 to devices - 1 are the devices, in the order of ranks;
/// behind them the switches, hosts and NICs, which only hand on.
struct TopologyPlan {
  std::string name{};
  int devices = 0;
  std::vector<std::string> vertices{};  ///< Names.
  std::vector<Cable> cables{};
};

/// The graph of a cluster, and the routes through it. Of all routes a message takes the one of the
/// fewest links, of these the one of the least latency; of equal ones, seen from the receiver, the
/// cable that is listed first. Routes from a device are found once, when first asked for:
/// O((V + E) log V). Safe to ask from several threads.
class Topology {
 public:
  explicit Topology(TopologyPlan plan);

  const std::string& name() const { return plan_.name; }
  int devices() const { return plan_.devices; }
  const std::string& vertex_name(int vertex) const {
    return plan_.vertices[static_cast<std::size_t>(vertex)];
  }

  /// Links have a direction, where their cable is full duplex: ids 2·cable and 2·cable + 1; both
  /// directions of a half-duplex one are 2·cable.
  int links() const { return 2 * static_cast<int>(plan_.cables.size()); }
  const Cable& cable(int link) const { return plan_.cables[static_cast<std::size_t>(link / 2)]; }
  /// "gpu0>switch", or "gpu0-host" of a half-duplex one.
  std::string link_name(int link) const;

  /// The links from one device to another, in order; none to itself.
  std::vector<int> route(int from, int to) const;

  /// The first device that can't be reached from device 0, or -1.
  int unreachable() const;

 private:
  struct Graph;
  TopologyPlan plan_;
  std::shared_ptr<const Graph> graph_;
  mutable std::mutex mutex_;
  mutable std::vector<std::vector<int>> arriving_;  ///< [device][vertex]: directed edge, or -1.

  const std::vector<int>& arriving_from(int device) const;
};

/// What a message sees of its route: the bandwidth of the narrowest link, which it takes together
/// with all others, and the sum of the latencies.
Interconnect path_between(const Topology& topology, int from, int to);

/// The ring through these devices in this order as one interconnect: for each collective the
/// narrowest link, divided by how many of the ring's hops take it; the latency of the longest hop,
/// unless all links state a constant for collectives, of which it is the largest.
Interconnect ring_through(const Topology& topology, const std::vector<int>& devices);

}  // namespace pipesim

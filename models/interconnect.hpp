#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/json_field.hpp"
#include "models/units.hpp"

namespace pipesim {

/// What two neighbouring devices exchange messages over. A message of n bytes takes the link, in
/// its direction, for n / bandwidth, and arrives `latency` after that.
struct Interconnect {
  std::string name{};
  std::optional<double> bandwidth{};  ///< Bytes/s in each direction; absent: unlimited.
  double latency = 0;                 ///< Seconds.
  std::string source{};               ///< Where the figures are from.
};

/// How one message crosses a link: it takes it for `occupancy`, and arrives `latency` later.
struct TransferCost {
  Time occupancy{};
  Time latency{};

  bool operator==(const TransferCost&) const = default;
  Time total() const { return occupancy + latency; }
};

TransferCost transfer_cost(const Interconnect& interconnect, Bytes bytes);

/// A ring all-reduce of `bytes` over `ranks` devices: 2(r-1) steps of bytes/r each
/// (Patarasuk and Yuan, JPDC 69(2), 2009). Nothing for one rank.
Time ring_all_reduce(const Interconnect& interconnect, Bytes bytes, int ranks);

const std::vector<Interconnect>& known_interconnects();

/// A name from the list, or an object with `bandwidth`, `latency`, `name`.
Interconnect read_interconnect(const Field& field);

}  // namespace pipesim

#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/json_field.hpp"
#include "models/base/units.hpp"

namespace pipesim {

/// What a group of ranks does together.
enum class Collective { all_reduce, all_gather, reduce_scatter, all_to_all };

/// As a config names them, in the order of Collective.
constexpr std::array<std::string_view, 4> collective_names{"all_reduce", "all_gather",
                                                           "reduce_scatter", "all_to_all"};

/// A figure for each Collective that differs from what messages reach; absent: as messages do.
using ByCollective = std::array<std::optional<double>, 4>;

/// What two neighbouring devices exchange messages over. A message of n bytes takes the link, in
/// its direction, for n / (bandwidth · efficiency), and arrives `latency` after that.
struct Interconnect {
  std::string name{};
  std::optional<double> bandwidth{};  ///< Data sheet, bytes/s in each direction; absent: unlimited.
  double latency = 0;                 ///< Seconds, of a message.
  double efficiency = 1;              ///< The part of the bandwidth that messages reach.
  ByCollective collective_efficiency{};  ///< The part that collectives reach; absent: efficiency.
  ByCollective collective_latency{};     ///< Seconds beside the bytes; absent: latency each step.
  /// Bytes/s at which a rank passes over its own part once more in an all-reduce, in half of that
  /// time in other collectives; absent: it need not.
  std::optional<double> shard_bandwidth{};
  std::string source{};  ///< Where the figures are from.

  bool operator==(const Interconnect&) const = default;
  /// Bytes/s of the ring's steps, all ranks at once; absent: unlimited.
  std::optional<double> rate(Collective collective) const;
};

/// How one message crosses a link: it takes it for `occupancy`, and arrives `latency` later.
struct TransferCost {
  Time occupancy{};
  Time latency{};

  bool operator==(const TransferCost&) const = default;
  Time total() const { return occupancy + latency; }
};

TransferCost transfer_cost(const Interconnect& interconnect, Bytes bytes);

/// A collective in a ring of `ranks` that each have `share` of such a link to the next, seconds:
/// r-1 steps of bytes/r each, twice that for an all-reduce (Patarasuk and Yuan, JPDC 69(2), 2009).
/// An all-to-all sends as much, to each rank its own. `bytes` as for collective_seconds.
double ring_seconds(Collective collective, double bytes, int ranks,
                    const Interconnect& interconnect, double share = 1);

/// The same as Time, of an all-reduce. Nothing for one rank.
Time ring_all_reduce(const Interconnect& interconnect, Bytes bytes, int ranks);

const std::vector<Interconnect>& known_interconnects();

/// One of them; std::logic_error when there is none of that name.
const Interconnect& known_interconnect(std::string_view name);

/// A name from the list, or an object with `bandwidth`, `latency`, `efficiency`,
/// `collective_efficiency`, `collective_latency`, `shard_bandwidth`, `name`.
Interconnect read_interconnect(const Field& field);

/// What to say to a name that is none of `names`.
InputError unknown_interconnect(const Field& field, const std::vector<std::string>& names);

}  // namespace pipesim

#include "models/cluster/collective.hpp"

#include <algorithm>
#include <bit>

namespace pipesim {

namespace {

double on(const GroupLevel& level, Collective collective, double bytes) {
  return ring_seconds(collective, bytes, level.ranks, level.interconnect, level.share);
}

double tree_all_reduce(const GroupLevel& level, double bytes) {
  const Interconnect& link = level.interconnect;
  const int depth = std::bit_width(static_cast<unsigned>(level.ranks - 1));
  const std::optional<double> rate = link.rate(Collective::all_reduce);
  return 2 * (depth * link.latency + (rate ? bytes / (*rate * level.share) : 0));
}

// The outermost level's part of an all-reduce. Where a constant stands for the latencies, it is
// already that of the quicker algorithm.
double outer_all_reduce(const GroupLevel& level, double bytes, bool between_nodes) {
  const double ring = on(level, Collective::all_reduce, bytes);
  const bool constant = level.interconnect.collective_latency[0].has_value();
  return between_nodes && !constant ? std::min(ring, tree_all_reduce(level, bytes)) : ring;
}

// What stays inside a rank's part of a level does not leave over that level's links.
double all_to_all(double bytes, const GroupNetwork& network) {
  double slowest = 0;
  double reached = bytes / network.ranks();  // For the ranks of the levels within.
  for (const GroupLevel& level : network.levels) {
    reached *= level.ranks;
    slowest = std::max(slowest, on(level, Collective::all_to_all, reached));
  }
  return slowest;
}

// The outermost level that has anything to do.
std::size_t outermost(const GroupNetwork& network) {
  std::size_t last = network.levels.size() - 1;
  while (network.levels[last].ranks == 1) --last;
  return last;
}

}  // namespace

int GroupNetwork::ranks() const {
  std::int64_t product = 1;
  for (const GroupLevel& level : levels) product = capped_product(product, level.ranks);
  return static_cast<int>(std::min<std::int64_t>(product, std::numeric_limits<int>::max()));
}

double collective_seconds(Collective collective, double bytes, const GroupNetwork& network) {
  if (network.ranks() < 2) return 0;
  if (collective == Collective::all_to_all) return all_to_all(bytes, network);
  const bool all_reduce = collective == Collective::all_reduce;
  const std::size_t last = outermost(network);
  double total = 0;
  double shard = bytes;
  for (std::size_t i = 0; i <= last; ++i) {
    const GroupLevel& level = network.levels[i];
    if (!all_reduce) {
      total += on(level, collective, shard);
    } else if (i == last) {
      total += outer_all_reduce(level, shard, i > 0);
    } else {
      total += on(level, Collective::reduce_scatter, shard);
      total += on(level, Collective::all_gather, shard);
    }
    shard /= level.ranks;
  }
  return total;
}

double ring_pass_seconds(double bytes, const GroupNetwork& network) {
  double slowest = 0;
  for (const GroupLevel& level : network.levels) {
    if (level.ranks == 1) continue;
    const Interconnect& link = level.interconnect;
    const double rate = link.bandwidth.value_or(0) * link.efficiency * level.share;
    slowest = std::max(slowest, link.latency + (rate > 0 ? bytes / rate : 0));
  }
  return slowest;
}

}  // namespace pipesim

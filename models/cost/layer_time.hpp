#pragma once

#include <array>
#include <vector>

#include "models/cluster/collective.hpp"
#include "models/device/device.hpp"
#include "models/network/network.hpp"
#include "models/settings/training.hpp"

namespace pipesim {

/// What one layer takes for one micro-batch on one device.
struct LayerTime {
  Time forward{};
  Time backward_input{};
  Time backward_weight{};
  Time backward{};         ///< Both in one op, where products hide a part of collectives.
  Time deferred_weight{};  ///< Of the whole mini-batch at once; only where that is asked for.

  bool operator==(const LayerTime&) const = default;
};

/// Where a layer's operators run. References are kept only while they are costed.
struct LayerSite {
  const Device& device;
  const Training& training;
  const Source& source;
  std::array<GroupNetwork, layer_groups> groups{};  ///< By LayerGroup.
  /// What launching a layer's forward takes the host at least, its backward twice that and what it
  /// launches again of the forward; seconds.
  double host_time = 0;
  double working_set = 0;  ///< Bytes of weights worked through in turn, where rates were measured.
  double slowdown = 1;     ///< All that the device computes takes this much longer.
};

/// An operator's time on `samples` samples, in seconds: by the device's curve for that kind of
/// kernel (DeviceEfficiency); where it has none by the roofline (Williams, Waterman, Patterson,
/// CACM 52(4), 2009): the larger of operations over peak rate and bytes over memory bandwidth, plus
/// the launch overhead. Or the measured time; or, for a product whose rate was measured on that
/// device, by that rate. Of a collective: by the group's network.
/// Throws InputError when the device lacks a figure that is needed.
double operator_seconds(const Operator& op, const LayerSite& site, std::int64_t samples);

/// The times of a layer for a micro-batch.
LayerTime layer_time(const Layer& layer, const LayerSite& site);

/// What of a site's devices work at a time: all of the network's weights. Where rates were
/// measured, devices are cores that share a cache.
double working_set(const Network& network);

/// The times of all layers of a network for a micro-batch, with that working set.
std::vector<LayerTime> layer_times(const Network& network, LayerSite site);

/// Each the larger of two: on devices that wait for each other.
LayerTime slower(const LayerTime& a, const LayerTime& b);

}  // namespace pipesim

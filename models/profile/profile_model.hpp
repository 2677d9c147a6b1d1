#pragma once

#include "models/base/json_field.hpp"
#include "models/network/network.hpp"
#include "models/profile/profile_graph.hpp"

namespace pipesim {

/// The chain of a profiled graph's layers in the order of least_crossing_line; times and bytes are
/// divided by the samples of the batch that was measured. What crosses the cut behind a layer is
/// its output; what it leaves for backward is its own. Throws InputError where no layer is left.
Network profile_network(const ProfileGraph& graph, int batch_size);

/// `model.kind: profile`: `profile`, a file as read_profile_graph takes it, relative to the config,
/// and `batch_size`, the samples that its times were measured with.
Network read_profile(const Field& model);

}  // namespace pipesim

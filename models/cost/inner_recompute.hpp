#pragma once

#include "models/network/network.hpp"
#include "models/settings/pipeline_settings.hpp"

namespace pipesim {

/// The same network where backwards compute again what forwards did not keep: all of a layer but
/// its input, or what is selected. Unchanged for settings that make re-computation an op.
Network with_inner_recompute(Network network, Recompute recompute);

}  // namespace pipesim

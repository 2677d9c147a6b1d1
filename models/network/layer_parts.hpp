#pragma once

#include <string_view>

#include "models/network/network.hpp"

namespace pipesim {

/// What is added to the layer from now on belongs to that part: operators, parameters, stash.
void begin_part(Layer& layer, std::string_view name);

/// The last part is complete.
void end_parts(Layer& layer);

}  // namespace pipesim

#pragma once

#include "models/json_field.hpp"

namespace pipesim {

/// Refuses, with its place, the first key of a config that is not known where it stands and is
/// known elsewhere. One that is known nowhere is left to who reads its section.
void check_places(const Field& config);

}  // namespace pipesim

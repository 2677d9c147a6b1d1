#pragma once

#include "sim/published/figures/known_table.hpp"

namespace pipesim::published {

/// The profile of VGG-16 that its figures are about; PipeDream's, so not part of this project.
inline constexpr const char* vgg16_profile = "vgg16.txt";

// What PipeDream's optimizer answers for that profile: the slowest stage's time, and how often each
// stage is replicated. Skipped where the profile isn't given.

Comparison pipedream_bottlenecks(const DataFiles& data);
Comparison pipedream_replications(const DataFiles& data);

}  // namespace pipesim::published

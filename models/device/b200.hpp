#pragma once

#include "models/device/device.hpp"

namespace pipesim {

/// NVIDIA's B200, and how near its kernels get to the data sheet in training.
Device b200();

}  // namespace pipesim

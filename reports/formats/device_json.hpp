#pragma once

#include "models/device/device.hpp"
#include "reports/text/output.hpp"

namespace pipesim {

/// A device as a file that `cluster.device` accepts by its path.
void write_device_json(Output& out, const Device& device);

}  // namespace pipesim

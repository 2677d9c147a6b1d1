#pragma once

#include "models/base/units.hpp"
#include "sim/engine/memory_model.hpp"

namespace pipesim {

/// One allocation or release.
struct MemoryEvent {
  Time at{};
  int device = 0;
  MemoryTag tag = MemoryTag::stash;
  Bytes delta = 0;         ///< Below 0 for a release.
  Bytes tag_total = 0;     ///< Of the device under this tag, after the event.
  Bytes device_total = 0;  ///< Of the device, after the event.
};

}  // namespace pipesim

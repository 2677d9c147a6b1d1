#pragma once

#include <functional>
#include <vector>

#include "models/device/device.hpp"

namespace pipesim {

struct CalibrateOptions {
  int busy = 1;  ///< Threads that compute at once while measuring: they share caches and memory.
  std::vector<Precision> precisions{Precision::fp32, Precision::fp64};  ///< Of these two.
  // What is measured: products of square layers.
  std::vector<int> rows{1, 2, 4, 8, 16, 32, 40, 64, 128};
  std::vector<int> widths{32, 64, 128, 256, 512, 1024, 2048};
  std::vector<Bytes> working_sets{Bytes{1} << 17, Bytes{1} << 20, Bytes{1} << 22, Bytes{1} << 24,
                                  Bytes{1} << 26};
};

/// Measures one core of this machine as a device: the rates of a linear layer's products over rows,
/// layer size and the bytes of weights in use in turn, the bandwidth of an update and of what stays
/// in a cache, and how long a message takes from thread to thread. Takes some seconds for each
/// precision; `progress` is told the fraction that is done.
/// Throws InputError when memory does not suffice for that many threads.
Device calibrate(const CalibrateOptions& options, const std::function<void(double)>& progress);

}  // namespace pipesim

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "models/device/device.hpp"
#include "sim/engine/timeline.hpp"

namespace pipesim {

/// A config that was predicted and executed on this machine.
struct FidelityRow {
  std::string model{};     ///< "60 × 1024"
  std::string schedule{};  ///< "gpipe, M=4, 16 samples each"
  std::string setting{};   ///< What else is not the default: "re-computation full".
  Time predicted{};        ///< Step time.
  Time executed{};         ///< The same, the median over the steps.
  bool passed = false;     ///< Gradients match and memory is as simulated.

  double error_percent() const {
    return (seconds(predicted) - seconds(executed)) / seconds(executed) * 100;
  }
};

/// Holds predictions about `device`, which calibrate() has measured, against runs: networks from
/// caches' size to far beyond, few samples and many, every schedule, re-computation, deferred
/// weight gradients, on that many devices. `progress` is told the fraction that is done.
std::vector<FidelityRow> fidelity_rows(const Device& device, Clock clock, int stages, int steps,
                                       const std::function<void(double)>& progress);

/// The same rows from several rounds: each at the shortest of its times, predicted as executed,
/// since what else a machine does only slows both; passed if it always has.
std::vector<FidelityRow> fastest_of(const std::vector<std::vector<FidelityRow>>& rounds);

/// The median of the errors' sizes, in percent.
double median_error_percent(const std::vector<FidelityRow>& rows);

}  // namespace pipesim

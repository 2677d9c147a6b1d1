#pragma once

#include <vector>

#include "models/base/units.hpp"
#include "models/config/config.hpp"
#include "models/settings/settings.hpp"
#include "sim/step/progress.hpp"

namespace pipesim {

/// A setting that was simulated because the one asked for does not fit the memory.
struct Advice {
  Settings settings{};  ///< Added to those that the config was read with.
  bool fits = false;
  Bytes peak = 0;  ///< Of the fullest device.
  Time step_time{};
  int devices = 0;  ///< Of all replicas and ranks.
};

/// The settings that fit, at most three: those that take no more devices first, of these the
/// fastest. When none does, the one that comes nearest. Each was simulated. Empty for a step of so
/// many ops, or a model of so many layers, that trying others would take long.
/// `progress` is told how many settings have been tried.
std::vector<Advice> what_would_fit(const Config& config, const ReportProgress& progress = {});

}  // namespace pipesim

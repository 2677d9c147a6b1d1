#pragma once

#include "models/config/config.hpp"

namespace pipesim {

/// What a command asks of a simulation beside the totals, and holds in memory for it.
struct StepDetail {
  bool timeline = false;     ///< When every op ran.
  bool picture = false;      ///< The timeline drawn, as text, figure or page.
  bool explanation = false;  ///< The critical path.
};

/// About how many ops the config's schedule has: F and B, or F, I and W, and what its settings add.
double schedule_ops(const Config& config);

/// About how long the schedule takes to be built and simulated on this machine, in seconds:
/// `repeats` times, without its timeline.
double simulation_seconds(const Config& config, double repeats = 1);

/// Throws InputError where this machine's memory does not hold the config's schedule and what is
/// asked of its simulation: found before anything is built. `each_replica`: all are simulated, not
/// only those that differ.
void check_schedule_size(const Config& config, const StepDetail& detail = {},
                         bool each_replica = false);

}  // namespace pipesim

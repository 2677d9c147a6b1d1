#pragma once

#include <optional>
#include <vector>

#include "schedules/core/bubble_formula.hpp"
#include "sim/engine/engine.hpp"
#include "sim/step/experiment.hpp"

namespace pipesim {

/// Where a pipeline's idle time comes from, as fractions of all device time. From re-simulations of
/// the same schedule: T0 as it is, T1 with free transfers, T2 with equal stages too, W/D the busy
/// time per device. communication = (T0-T1)/T0, imbalance = (T1-T2)/T0, fill_drain = (T2-W/D)/T0:
/// they telescope to the bubble fraction, exactly. On executed clocks T0 is what happened, R the
/// replay of the measured durations with each hand-off at its median, T1 the same with free
/// transfers, T2 with every kind of op at its mean: communication = (R-T1)/T0, other = (T0-R)/T0.
struct BubbleBreakdown {
  Ratio fill_drain{};
  Ratio imbalance{};  ///< Negative when uneven stages happen to be faster than equal ones.
  Ratio communication{};
  Ratio other{};              ///< 0 when modeled.
  Time communication_time{};  ///< T0 - T1, or R - T1
};

/// The figures of a step, read off an outcome. Times are exact; ratios too.
struct Metrics {
  Time pipeline_time{};  ///< First F, B, I, W or R start to the last end.
  Time step_time{};      ///< pipeline_time + all_reduce + optimizer.
  Time all_reduce{};     ///< What of it the pipeline does not hide.
  Time optimizer{};
  Time busy{};  ///< Of all devices together.
  /// The longest that a device takes from its first F, B, I, W or R to its last: what a step costs
  /// where the optimizer step needs no flush (arXiv:2401.10241, 4).
  Time longest_span{};
  std::array<Time, op_kinds> busy_by_kind{};
  Ratio bubble_fraction{};
  Ratio bubble_over_ideal{};
  Ratio span_bubble{};  ///< What of the longest span a device idles, on average.
  BubbleBreakdown breakdown{};
  bool fits_memory = true;
  /// Of the links that devices share: the one that is busy longest, and the one that messages wait
  /// longest for, if any does. Of equal ones the first.
  std::optional<std::size_t> busiest_link{};
  std::optional<std::size_t> bottleneck_link{};
};

/// How often `break_down_bubble` simulates the schedule again.
int breakdown_runs(const Experiment& experiment);

/// The parts of the bubble. Simulates the schedule up to twice more.
BubbleBreakdown break_down_bubble(Engine& engine, const Experiment& experiment,
                                  const Outcome& outcome);

/// Everything but the breakdown. `tail` is what follows the pipeline.
Metrics measure(const Outcome& outcome);

}  // namespace pipesim

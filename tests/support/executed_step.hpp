#pragma once

#include <string>

#include "sim/engine/timeline.hpp"
#include "sim/step/experiment.hpp"

namespace pipesim::test {

inline constexpr Clock executed_clocks[] = {Clock::wall, Clock::measured};

/// Runs a step and says what is wrong with its gradients, memory or times; empty: nothing.
std::string complaint_about(const Experiment& experiment, Clock clock);

/// What is wrong with the times of a step that was executed: spans of a device that overlap, a
/// message that arrives before it was sent or after it was used, half of a pair that does not wait
/// for the other, a send that does not wait for its rendezvous; empty: nothing.
std::string complaint_about_times(const Schedule& schedule, const Timeline& timeline);

}  // namespace pipesim::test

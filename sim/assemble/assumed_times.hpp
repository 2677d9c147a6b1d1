#pragma once

#include <string>

#include "sim/step/experiment.hpp"

namespace pipesim {

/// How far the times are from those that the schedule's order is made for, F, I and W as long as
/// each other on every stage (KnownSchedule::equal_times): "made for F = I = W, here 1 : 2.1 : 0.9"
/// where the longest of the three takes at least twice as long as the shortest, and so two of the
/// places that the order has for it; "made for equal stages, here up to 2.6 times as long" where
/// the slowest stage takes at least twice as long as the fastest. I includes the R before it; F, I
/// and W are means over the stages. Empty where they are nearer, and for any other order.
std::string times_unlike_order(const Experiment& experiment);

}  // namespace pipesim

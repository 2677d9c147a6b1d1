#pragma once

#include <string>
#include <vector>

#include "schedules/core/bubble_formula.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim::test {

/// A lane as PyTorch writes it, stage first, overlapped pairs in brackets: "0F0 (0F3;3B1) 3I2".
std::string staged_text(const std::vector<Op>& lane);

/// What each device holds at most: (stage, micro-batch) pairs between F and B or I.
std::vector<int> peak_in_flight(const Schedule& schedule);

/// The same between I and W.
std::vector<int> peak_weight_stashes(const Schedule& schedule);

/// Whether every stage runs F and then B, or I and then W, once for every micro-batch, all of a
/// micro-batch's on one copy, on the device that holds it; and overlapped pairs are of a forward
/// and a backward.
bool every_op_once(const Schedule& schedule);

/// The same number.
bool same(const Ratio& a, const Ratio& b);

}  // namespace pipesim::test

#pragma once

#include <cstdint>
#include <vector>

#include "schedules/core/op.hpp"

namespace pipesim {

/// What a stage does with one micro-batch after the other, in a schedule that is laid out in unit
/// times: bursts of `burst` ops, `spacing` apart, that start every `period`.
struct OpStream {
  Op first{};  ///< The micro-batches of the others follow on its own.
  std::int64_t start = 0;
  int period = 1;
  int burst = 1;
  int spacing = 0;

  std::int64_t time_of(int index) const {
    return start + std::int64_t{index / burst} * period + std::int64_t{index % burst} * spacing;
  }
};

/// The first `count` ops of every stream, in order of their times. O(ops · streams).
std::vector<Op> in_order_of_time(const std::vector<OpStream>& streams, int count);

}  // namespace pipesim

#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "reports/html/column_stream.hpp"
#include "sim/engine/timeline.hpp"

namespace pipesim {

/// What ops do to their device's memory, each different way once: a step of a million ops has a
/// few. Keeps references to what it is made from.
class MemoryPatterns {
 public:
  MemoryPatterns(const Schedule& schedule, const StepCosts& costs, const Timeline& timeline);

  static constexpr std::size_t none = 0;  ///< An op that leaves memory alone.

  /// Of what the device holds from time 0 on. Begins with the device's events: to be called before
  /// those of its ops, which are asked for in order.
  std::size_t of_device(int device);
  std::size_t of_op(const Op& op, const Interval& when);
  /// The table: count; for each its uses: count; for each tag, bytes added at start and at finish.
  void write(ColumnStream& columns) const;

 private:
  using Pattern = std::vector<std::array<std::int64_t, 3>>;  // Tag, at start, at finish.

  const Schedule& schedule_;
  const StepCosts& costs_;
  const Timeline& timeline_;
  std::map<Pattern, std::size_t> numbers_{};
  std::vector<const Pattern*> patterns_{};
  std::vector<std::size_t> of_model_{};  // 1 + the number, by stage, copy, kind and what F keeps.
  const MemoryEvent* next_ = nullptr;    // Of the device, where events were recorded.
  const MemoryEvent* end_ = nullptr;

  std::size_t number(Pattern pattern);
  std::size_t modeled(const Op& op);
  void take_recorded(Pattern& pattern, Time until, std::size_t column);
};

}  // namespace pipesim

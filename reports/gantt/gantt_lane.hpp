#pragma once

#include <vector>

#include "reports/svg/svg.hpp"
#include "sim/engine/timeline.hpp"

namespace pipesim {

/// How times become places: 0 at the left, the end at the width.
struct TimeScale {
  Time end{};
  Hundredths width = 0;

  Hundredths at(Time time) const;  ///< Rounded to the nearest.
};

/// A part of a lane's height that a piece takes, from the top, in thousandths.
struct Share {
  int from = 0;
  int to = 1000;

  auto operator<=>(const Share&) const = default;
};

/// A span of a lane that takes time. The two ops of an overlapped pair both take all of their time,
/// and half of the lane.
struct LaneSpan {
  Op op{};
  Interval when{};
  Share share{};
};

/// Those of a device, in order, those that follow the pipeline included.
std::vector<LaneSpan> spans_of(const Schedule& schedule, const Timeline& timeline, int device);

/// What is drawn in a lane: an op's box, or a column of what is too narrow to be one.
struct LanePiece {
  Hundredths left = 0;
  Hundredths right = 0;
  Share share{};
  OpKind kind{};
  const LaneSpan* span = nullptr;  ///< Null in a column.
};

/// The pieces of a lane, from left to right. An op narrower than half a column is none of its own:
/// where such ops follow each other they share the columns, and each kind takes as much of a
/// column's height, from below, as of its time. So there are at most about two pieces a column,
/// however many spans.
std::vector<LanePiece> lane_pieces(const std::vector<LaneSpan>& spans, const TimeScale& scale,
                                   Hundredths column);

}  // namespace pipesim

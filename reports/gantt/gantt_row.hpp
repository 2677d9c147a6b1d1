#pragma once

#include <vector>

#include "reports/gantt/gantt_lane.hpp"

namespace pipesim {

/// How a device's lane is drawn.
struct GanttLane {
  Hundredths height = 0;
  std::vector<StageCopy> stages{};  ///< Of the device; empty where each device has one.
  bool bidirectional = false;
  int micro_batches = 0;  ///< Of the schedule: labels are as wide as the last one's.
  bool titled = false;    ///< Each box is an element of its own that says what it is.
};

/// The boxes and columns of a lane whose top left corner is (0, 0), and the labels that fit: kind,
/// stage where there are several, micro-batch; or less, but then in all of the lane.
void draw_lane(Output& out, const GanttLane& lane, const std::vector<LanePiece>& pieces);

}  // namespace pipesim

#pragma once

#include <string>
#include <string_view>

#include "reports/gantt/gantt_legend.hpp"
#include "reports/gantt/gantt_row.hpp"
#include "reports/text/output.hpp"
#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

/// What stands above a picture.
struct SheetTitle {
  std::string title{};
  std::string subtitle{};
  std::string description{};  ///< For those who hear the picture.
};

/// One timeline or several below each other on one axis of time, as a figure for print: 900 pixels
/// wide, as high as it takes. Kept until it is written; a few hundred kilobytes whatever the number
/// of spans, since what is too narrow is merged and of very many devices only the first and last
/// are shown.
class GanttSheet {
 public:
  /// `end` of the axis; `lanes`: how many all timelines together have, which sets their height.
  GanttSheet(Time end, std::size_t lanes, int timelines = 1);

  /// A run with its timeline, under a heading unless that is empty.
  void add(std::string_view heading, const Experiment& experiment, const Run& run);
  /// Below the picture, what ended a run, say; cut behind three lines.
  void add_note(std::string_view note);
  void write(Output& out, const SheetTitle& title);

 private:
  TimeScale scale_;
  Hundredths row_ = 0;     ///< Height of a lane.
  Hundredths column_ = 0;  ///< Width of what is too narrow for a box.
  int most_rows_ = 0;
  std::size_t boxes_left_;  ///< Of those that say what they are.
  LegendNeeds needs_{};
  bool merged_ = false;
  Hundredths y_ = 0;
  std::string body_text_{};
  Output body_;
  std::vector<std::string> notes_{};

  void begin_lane(int device, const Interval& pipeline);
  void add_spans(const GanttLane& lane, const std::vector<LaneSpan>& spans);
  void add_elided(int devices);
  void write_axis(Output& out, Hundredths bottom) const;
};

}  // namespace pipesim

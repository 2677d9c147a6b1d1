#include "reports/gantt/gantt_sheet.hpp"

#include <algorithm>

#include "reports/gantt/gantt_row.hpp"
#include "reports/gantt/run_extent.hpp"
#include "reports/svg/axis_ticks.hpp"

namespace pipesim {

namespace {

// 816 = 2^4 · 3 · 17: steps of textbook sizes are whole pixels.
constexpr Hundredths plot_left = pixels(68);
constexpr Hundredths plot_width = pixels(816);
constexpr Hundredths page_width = pixels(900);
constexpr Hundredths header_height = pixels(60);
constexpr std::size_t most_titled_boxes = 5000;
constexpr std::string_view grey = "#555555";

Hundredths row_height(std::size_t lanes) {
  return pixels(lanes <= 8 ? 28 : lanes <= 16 ? 22 : lanes <= 32 ? 18 : lanes <= 128 ? 14 : 10);
}

Hundredths gap_below(Hundredths row) {
  return row >= pixels(18) ? pixels(4) : pixels(2);
}

}  // namespace

GanttSheet::GanttSheet(Time end, std::size_t lanes, int timelines)
    : scale_{.end = std::max(end, Time{1}), .width = plot_width},
      most_rows_(timelines == 1   ? 64
                 : timelines == 2 ? 32
                                  : 16),
      boxes_left_(most_titled_boxes),
      body_([this](std::string_view part) { body_text_ += part; }) {
  const std::size_t rows =
      std::min(lanes, static_cast<std::size_t>(most_rows_) * static_cast<std::size_t>(timelines));
  row_ = row_height(rows);
  column_ = pixels(rows <= 32 ? 1 : rows <= 128 ? 2 : 4);
}

void GanttSheet::add(std::string_view heading, const Experiment& experiment, const Run& run) {
  const Schedule& schedule = experiment.schedule;
  const Outcome& outcome = run.outcome;
  if (!heading.empty()) {
    if (y_ > 0) y_ += pixels(10);
    svg_text(body_, 0, y_ + pixels(12), heading, {.size = 12, .bold = true});
    y_ += pixels(20);
  }
  const bool several_stages = several_stages_on_a_device(schedule);
  if (several_stages) {
    needs_.lighter = schedule.bidirectional() ? "lighter: in the other direction"
                                              : "lighter: a device's later stages";
  }
  std::vector<std::vector<StageCopy>> stages(schedule.lanes.size());
  if (several_stages) stages = stages_by_device(schedule);
  const std::size_t spans = span_count(outcome.timeline);
  const bool titled = spans <= boxes_left_;
  if (titled) boxes_left_ -= spans;
  const Interval pipeline = pipeline_of(outcome);
  const int hidden = std::max(0, schedule.devices() - most_rows_);
  for (int device = 0; device < schedule.devices(); ++device) {
    if (hidden > 0 && device == most_rows_ / 2) {
      add_elided(hidden);
      device += hidden;
    }
    begin_lane(device, pipeline);
    add_spans({.height = row_,
               .stages = stages[static_cast<std::size_t>(device)],
               .bidirectional = schedule.bidirectional(),
               .micro_batches = schedule.micro_batches,
               .titled = titled},
              spans_of(schedule, outcome.timeline, device));
  }
}

void GanttSheet::begin_lane(int device, const Interval& pipeline) {
  const double size = row_ >= pixels(14) && device < 1000 ? 11 : 9;
  print(body_, "<g transform=\"translate(0 {})\">\n", svg_length(y_));
  svg_text(body_, -pixels(8), row_ / 2 + static_cast<Hundredths>(36 * size),
           fmt::format("device {}", device), {.size = size, .anchor = "end"});
  if (pipeline.start >= pipeline.finish) return;
  const Hundredths left = scale_.at(pipeline.start);
  print(body_, "<rect x=\"{}\" width=\"{}\" height=\"{}\" fill=\"url(#bubble)\"/>\n",
        svg_length(left), svg_length(scale_.at(pipeline.finish) - left), svg_length(row_));
}

void GanttSheet::add_spans(const GanttLane& lane, const std::vector<LaneSpan>& spans) {
  const std::vector<LanePiece> pieces = lane_pieces(spans, scale_, column_);
  for (const LanePiece& piece : pieces) {
    needs_.kinds |= 1u << static_cast<unsigned>(piece.kind);
    merged_ = merged_ || piece.span == nullptr;
  }
  draw_lane(body_, lane, pieces);
  body_.append("</g>\n");
  y_ += row_ + gap_below(row_);
}

void GanttSheet::add_elided(int devices) {
  svg_text(body_, plot_width / 2, y_ + pixels(12), fmt::format("… {} more devices …", devices),
           {.size = 11, .ink = grey, .anchor = "middle"});
  y_ += pixels(18);
}

void GanttSheet::add_note(std::string_view note) {
  constexpr std::size_t columns = 130;
  for (int line = 1; line < 3 && note.size() > columns; ++line) {
    const std::size_t blank = note.rfind(' ', columns);
    if (blank == std::string_view::npos) break;
    notes_.emplace_back(note.substr(0, blank));
    note.remove_prefix(blank + 1);
  }
  notes_.push_back(cut_to_columns(note, columns));
}

void GanttSheet::write(Output& out, const SheetTitle& title) {
  body_.flush();
  if (merged_) {
    const std::string narrow =
        "What is too narrow for a box is drawn as shares of each column's time.";
    notes_.insert(notes_.begin(), narrow);
  }
  const std::vector<Swatch> legend = gantt_legend(needs_, plot_left, page_width - pixels(8));
  const Hundredths legend_top = header_height + y_ + pixels(40);
  const Hundredths notes_top = legend_top + legend.back().y + legend_line + pixels(16);
  const auto notes = static_cast<std::int64_t>(notes_.size());
  begin_svg(out, page_width, notes_top - pixels(8) + notes * pixels(16), title.title,
            title.description);
  out.append(
      "<defs><pattern id=\"bubble\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
      "patternTransform=\"rotate(45)\">"
      "<rect width=\"6\" height=\"6\" fill=\"#f4f4f4\"/>"
      "<rect width=\"1.2\" height=\"6\" fill=\"#c4c4c4\"/></pattern></defs>\n");
  svg_text(out, pixels(16), pixels(25), cut_to_columns(title.title, 90),
           {.size = 16, .bold = true});
  svg_text(out, pixels(16), pixels(44), cut_to_columns(title.subtitle, 130),
           {.size = 12, .ink = grey});
  print(out, "<g transform=\"translate({} {})\">\n", svg_length(plot_left),
        svg_length(header_height));
  write_axis(out, y_);
  out.append(body_text_);
  out.append("</g>\n");
  write_legend(out, legend_top, legend);
  for (std::size_t i = 0; i < notes_.size(); ++i) {
    svg_text(out, plot_left, notes_top + static_cast<std::int64_t>(i) * pixels(16), notes_[i],
             {.size = 11, .ink = grey});
  }
  out.append("</svg>\n");
}

// Lines behind the lanes at round times, and their labels below.
void GanttSheet::write_axis(Output& out, Hundredths bottom) const {
  const TimeTicks ticks = time_ticks(scale_.end, 14);
  print(out, "<path stroke=\"#d0d0d0\" stroke-width=\"1\" d=\"");
  for (Time at; at <= scale_.end; at += ticks.step) {
    print(out, "M{} {}V{}", svg_length(scale_.at(at)), -4, svg_length(bottom + pixels(2)));
  }
  print(out, "\"/>\n<path stroke=\"#000000\" fill=\"none\" d=\"M0 {0}H{1}\"/>\n",
        svg_length(bottom + pixels(2)), svg_length(plot_width));
  for (Time at; at <= scale_.end; at += ticks.step) {
    const std::string label = ticks.label(at);
    const Hundredths page_end = page_width - plot_left - pixels(4);
    const bool fits = scale_.at(at) + text_width(label.size(), 11) / 2 <= page_end;
    svg_text(out, fits ? scale_.at(at) : page_end, bottom + pixels(17), label,
             {.size = 11, .anchor = fits ? "middle" : "end"});
  }
  svg_text(out, plot_width / 2, bottom + pixels(33), fmt::format("time ({})", ticks.unit_name),
           {.size = 11, .anchor = "middle"});
}

}  // namespace pipesim

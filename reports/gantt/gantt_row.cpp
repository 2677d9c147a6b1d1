#include "reports/gantt/gantt_row.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

#include "reports/gantt/gantt_legend.hpp"
#include "reports/text/number_text.hpp"

namespace pipesim {

namespace {

// What may be written into a box, the fullest first.
using Labels = std::array<std::string, 3>;
Labels labels_of(const Op& op, bool several_stages) {
  return {several_stages && !communicates(op.kind) ? describe(op) : label(op), label(op),
          op.micro_batch < 0 ? std::string() : std::to_string(op.micro_batch)};
}

// The width of the widest label of its kind: all labels of a kind have one size.
std::size_t widest(const std::string& label, const Op& op, int micro_batches) {
  if (op.micro_batch < 0) return label.size();
  const std::size_t digits = std::to_string(std::max(0, micro_batches - 1)).size();
  return label.size() - std::to_string(op.micro_batch).size() + digits;
}

// The size in which a label fits into a box; 0: in none.
double fitting_size(const std::string& text, const LanePiece& piece, const GanttLane& lane) {
  if (text.empty()) return 0;
  const Hundredths height = lane.height * (piece.share.to - piece.share.from) / 1000;
  const Hundredths room = piece.right - piece.left - pixels(2);
  const std::size_t signs = widest(text, piece.span->op, lane.micro_batches);
  for (const double size : {12.0, 10.0, 8.5, 7.0}) {
    if (static_cast<double>(height) >= 100 * (size + 1) && text_width(signs, size) <= room) {
      return size;
    }
  }
  return 0;
}

// A white line around boxes that are wide enough for one.
constexpr std::string_view separator = " stroke=\"#ffffff\" stroke-width=\"0.8\"";
bool is_set_apart(const LanePiece& piece) {
  return piece.span != nullptr && piece.right - piece.left >= pixels(3);
}

// "F2.3, forward of micro-batch 3 in stage 2, 3 ns to 4 ns"
std::string sentence(const LaneSpan& span) {
  const Op& op = span.op;
  return fmt::format("{}, {}{} in stage {}{}, {} to {}", describe(op), noun(op.kind),
                     op.micro_batch < 0 ? "" : fmt::format(" of micro-batch {}", op.micro_batch),
                     op.stage, op.copy == 0 ? "" : ", second copy", readable(span.when.start),
                     readable(span.when.finish));
}

// A device's first stage in the kind's colour, its last one the lightest; of a bidirectional
// schedule, the micro-batches that take the second copies.
Paint paint(const GanttLane& lane, const LanePiece& piece) {
  double lightness = 0;
  if (piece.span != nullptr && computes(piece.kind) && lane.stages.size() > 1) {
    const Op& op = piece.span->op;
    const auto before =
        std::ranges::find(lane.stages, StageCopy{op.stage, op.copy}) - lane.stages.begin();
    const auto others = std::ssize(lane.stages) - 1;
    lightness =
        lane.bidirectional ? op.copy : static_cast<double>(before) / static_cast<double>(others);
  }
  return lighter(style_of(piece.kind), lightness * lightest);
}

// The fullest labels that all boxes of the lane hold, but for those that hold none.
std::size_t form_of(const GanttLane& lane, const std::vector<LanePiece>& pieces) {
  std::size_t form = 0;
  for (const LanePiece& piece : pieces) {
    if (piece.span == nullptr || !computes(piece.kind)) continue;
    const Labels labels = labels_of(piece.span->op, !lane.stages.empty());
    const auto fits = [&](const std::string& text) { return fitting_size(text, piece, lane) > 0; };
    const auto fullest = std::ranges::find_if(labels, fits);
    if (fullest != labels.end()) {
      form = std::max(form, static_cast<std::size_t>(fullest - labels.begin()));
    }
  }
  return form;
}

void draw_titled(Output& out, const GanttLane& lane, const std::vector<LanePiece>& pieces) {
  for (const LanePiece& piece : pieces) {
    const Hundredths top = lane.height * piece.share.from / 1000;
    const Hundredths bottom = lane.height * piece.share.to / 1000;
    print(out, "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"{}",
          svg_length(piece.left), svg_length(top), svg_length(piece.right - piece.left),
          svg_length(bottom - top), paint(lane, piece).fill, is_set_apart(piece) ? separator : "");
    if (piece.span == nullptr) {
      out.append("/>\n");
    } else {
      print(out, "><title>{}</title></rect>\n", xml_text(sentence(*piece.span)));
    }
  }
}

// One path for all boxes of a colour, and another for those that are wide enough to be set apart.
void draw_paths(Output& out, const GanttLane& lane, const std::vector<LanePiece>& pieces) {
  std::map<std::pair<bool, std::string>, std::string> paths;
  for (const LanePiece& piece : pieces) {
    const Hundredths top = lane.height * piece.share.from / 1000;
    const Hundredths bottom = lane.height * piece.share.to / 1000;
    const std::string width = svg_length(piece.right - piece.left);
    fmt::format_to(std::back_inserter(paths[{is_set_apart(piece), paint(lane, piece).fill}]),
                   "M{} {}h{}v{}h-{}z", svg_length(piece.left), svg_length(top), width,
                   svg_length(bottom - top), width);
  }
  for (const auto& [key, path] : paths) {
    print(out, "<path fill=\"{}\"{} d=\"{}\"/>\n", key.second, key.first ? separator : "", path);
  }
}

void draw_labels(Output& out, const GanttLane& lane, const std::vector<LanePiece>& pieces) {
  const std::size_t form = form_of(lane, pieces);
  for (const LanePiece& piece : pieces) {
    if (piece.span == nullptr) continue;
    const std::string text = labels_of(piece.span->op, !lane.stages.empty())[form];
    const double size = fitting_size(text, piece, lane);
    if (size == 0) continue;
    const Hundredths middle = lane.height * (piece.share.from + piece.share.to) / 2000;
    print(out,
          "<text x=\"{}\" y=\"{}\" font-size=\"{:g}\" text-anchor=\"middle\" fill=\"{}\" "
          "pointer-events=\"none\">{}</text>\n",
          svg_length((piece.left + piece.right) / 2),
          svg_length(middle + static_cast<Hundredths>(36 * size)), size, paint(lane, piece).ink,
          text);
  }
}

}  // namespace

void draw_lane(Output& out, const GanttLane& lane, const std::vector<LanePiece>& pieces) {
  if (lane.titled) {
    draw_titled(out, lane, pieces);
  } else {
    draw_paths(out, lane, pieces);
  }
  draw_labels(out, lane, pieces);
}

}  // namespace pipesim

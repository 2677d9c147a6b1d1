#include "reports/gantt/gantt_lane.hpp"

#include <algorithm>
#include <array>

namespace pipesim {

namespace {

// Narrow ops that follow each other, on their way to columns. A column holds whole ops, and a
// number of them that the usual turns (F B, F I W) divide: then all columns of a steady phase are
// alike, and become one piece.
class Columns {
 public:
  Columns(const TimeScale& scale, Hundredths column, std::vector<LanePiece>& pieces)
      : scale_(scale), column_(column), pieces_(pieces) {}

  void add(const LaneSpan& span) {
    constexpr int whole_turns = 12;
    if (ops_ > 0 && scale_.at(span.when.start) - scale_.at(end_) >= column_) close();
    const bool full = scale_.at(span.when.start) - scale_.at(begin_) >= column_;
    if (ops_ > 0 && full && ops_ % whole_turns == 0) close_column(span.when.start);
    if (ops_ == 0) begin_ = span.when.start;
    // The two ops of a pair take half of the time each.
    const std::int64_t time = (span.when.finish - span.when.start).ps;
    times_[static_cast<std::size_t>(span.op.kind)] += span.share == Share{} ? time : time / 2;
    end_ = span.when.finish;
    ++ops_;
  }

  // The narrow ops end here: a wide one follows, or a gap.
  void close() {
    if (ops_ > 0) close_column(end_);
  }

 private:
  const TimeScale& scale_;
  Hundredths column_;
  std::vector<LanePiece>& pieces_;
  int ops_ = 0;  // In the column.
  Time begin_{};
  Time end_{};                                  // Of the last op.
  std::array<std::int64_t, op_kinds> times_{};  // Of every kind, in picoseconds.

  void close_column(Time limit) {
    const Hundredths left = scale_.at(begin_);
    const Hundredths right = scale_.at(limit);
    const std::int64_t length = (limit - begin_).ps;
    Int128 below = 0;
    // In steps of a fortieth, so that columns which hardly differ are one piece.
    const auto height = [&] { return 1000 - 25 * static_cast<int>((below * 80 / length + 1) / 2); };
    for (std::size_t kind = 0; kind < times_.size(); ++kind) {
      if (times_[kind] == 0) continue;
      const int bottom = height();
      below += times_[kind];
      const int top = height();
      add_piece({left, right, {top, bottom}, static_cast<OpKind>(kind)});
    }
    ops_ = 0;
    times_ = {};
  }

  // Goes on with the piece of the column before where that is of the same height.
  void add_piece(const LanePiece& piece) {
    if (piece.left == piece.right || piece.share.from == piece.share.to) return;
    const auto first = pieces_.end() - std::min<std::ptrdiff_t>(op_kinds, std::ssize(pieces_));
    const auto same = std::find_if(first, pieces_.end(), [&](const LanePiece& before) {
      return before.span == nullptr && before.right == piece.left && before.kind == piece.kind &&
             before.share == piece.share;
    });
    if (same == pieces_.end()) {
      pieces_.push_back(piece);
    } else {
      same->right = piece.right;
    }
  }
};

}  // namespace

Hundredths TimeScale::at(Time time) const {
  return static_cast<Hundredths>((Int128{time.ps} * width * 2 + end.ps) / (Int128{end.ps} * 2));
}

std::vector<LaneSpan> spans_of(const Schedule& schedule, const Timeline& timeline, int device) {
  const auto lane = static_cast<std::size_t>(device);
  const std::vector<Op>& ops = schedule.lanes[lane];
  const std::span<const Interval> intervals = timeline.lanes[lane];
  std::vector<LaneSpan> spans;
  const auto add = [&](const LaneSpan& span) {
    if (span.when.start < span.when.finish) spans.push_back(span);
  };
  for (std::size_t slot = 0; slot < intervals.size(); ++slot) {
    if (ops[slot].with_next && slot + 1 < intervals.size()) {
      const Interval both{intervals[slot].start, intervals[slot + 1].finish};
      add({ops[slot], both, {0, 500}});
      add({ops[slot + 1], both, {500, 1000}});
      ++slot;
    } else {
      add({ops[slot], intervals[slot]});
    }
  }
  const auto tail = std::ranges::equal_range(timeline.tail, device, {}, &TailSpan::device);
  for (const TailSpan& span : tail) add({span.op, span.when});
  return spans;
}

std::vector<LanePiece> lane_pieces(const std::vector<LaneSpan>& spans, const TimeScale& scale,
                                   Hundredths column) {
  std::vector<LanePiece> pieces;
  Columns columns(scale, column, pieces);
  for (const LaneSpan& span : spans) {
    const Hundredths left = scale.at(span.when.start);
    const Hundredths right = scale.at(span.when.finish);
    if (2 * (right - left) < column) {
      columns.add(span);
    } else {
      columns.close();
      pieces.push_back({left, right, span.share, span.op.kind, &span});
    }
  }
  columns.close();
  return pieces;
}

}  // namespace pipesim

#include "reports/gantt/text_gantt.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "reports/gantt/painter.hpp"
#include "reports/text/number_text.hpp"

namespace pipesim {

namespace {

constexpr int unlimited_cells = 200;  // Widest table of cells when no terminal sets a limit.
constexpr int default_columns = 100;
constexpr int most_rows = 32;

struct Piece {
  Op op{};
  Interval when{};
};

// A kind as the picture names it: a receive and a send are shorter than in a file.
std::string_view picture_token(OpKind kind) {
  switch (kind) {
    case OpKind::send_forward:
      return ">F";
    case OpKind::send_backward:
      return ">B";
    case OpKind::receive_forward:
      return "<F";
    case OpKind::receive_backward:
      return "<B";
    default:
      return token(kind);
  }
}

class Gantt {
 public:
  Gantt(Output& out, const Experiment& experiment, const Run& run, const TextStyle& style)
      : out_(out),
        style_(style),
        painter_(out, style.colours),
        rows_(static_cast<std::size_t>(experiment.schedule.devices())) {
    several_stages_ = several_stages_on_a_device(experiment.schedule);
    const int last_row = experiment.schedule.devices() - 1;
    label_width_ = fmt::formatted_size("device {}  ", last_row);
    for_each_span(experiment.schedule, run.outcome.timeline,
                  [&](int device, const Op& op, const Interval& when) {
                    if (when.start == when.finish) return;
                    end_ = std::max(end_, when.finish);
                    used_kinds_ |= 1u << static_cast<unsigned>(op.kind);
                    step_ = std::gcd(std::gcd(step_, when.start.ps), when.finish.ps);
                    if (shown(device)) {
                      rows_[static_cast<std::size_t>(device)].push_back({op, when});
                      cell_ = std::max(cell_, name(op).size());
                    }
                  });
  }

  void write() {
    if (end_ == Time{}) return;
    const std::int64_t steps = end_.ps / step_;
    const std::int64_t room = style_.width > 0 ? (style_.width - static_cast<int>(label_width_)) /
                                                     static_cast<int>(cell_ + 2)
                                               : unlimited_cells;
    if (steps <= room) {
      write_cells(static_cast<int>(steps));
    } else {
      write_scaled();
    }
    write_legend();
  }

 private:
  Output& out_;
  TextStyle style_;
  Painter painter_;
  std::vector<std::vector<Piece>> rows_;
  bool several_stages_ = false;
  std::size_t label_width_ = 0;
  std::size_t cell_ = 1;  // Columns of the widest op name.
  Time end_{};
  std::int64_t step_ = 0;
  unsigned used_kinds_ = 0;

  std::string name(const Op& op) const {
    std::string text = several_stages_ ? describe(op) : label(op);
    if (communicates(op.kind)) {
      text.replace(0, token(op.kind).size(), picture_token(op.kind));
    }
    return text;
  }

  bool shown(int device) const {
    const int devices = static_cast<int>(rows_.size());
    return devices <= most_rows || device < most_rows / 2 || device >= devices - most_rows / 2;
  }

  void start_row(std::string_view text) {
    fmt::format_to(std::back_inserter(out_.text()), "{:<{}}", text, label_width_);
  }

  // Ends a row without blanks behind its last sign.
  void end_row() {
    painter_.end_run();
    fmt::memory_buffer& text = out_.text();
    while (text.size() > 0 && text[text.size() - 1] == ' ') text.resize(text.size() - 1);
    text.push_back('\n');
    out_.end_of_line();
  }

  template <class WriteRow>
  void each_row(WriteRow&& write_row) {
    bool gap = false;
    for (std::size_t device = 0; device < rows_.size(); ++device) {
      if (!shown(static_cast<int>(device))) {
        if (!gap) out_.append("  …\n");
        gap = true;
        continue;
      }
      start_row(fmt::format("device {}", device));
      write_row(rows_[device]);
      end_row();
    }
  }

  void write_cells(int steps) {
    start_row("time");
    const std::size_t pitch = cell_ + 2;
    for (int step = 0; step < steps; ++step) {
      fmt::format_to(std::back_inserter(out_.text()), "{:<{}}", step, pitch);
    }
    end_row();
    each_row([&](const std::vector<Piece>& pieces) {
      std::int64_t at = 0;
      std::string dot(cell_, ' ');
      dot.front() = '.';
      const auto gap = [&] { return std::string_view(at == 0 ? "" : "  "); };
      const auto idle_until = [&](std::int64_t step) {
        for (; at < step; ++at) {
          painter_.plain(gap());
          painter_.plain(dot);
        }
      };
      for (const Piece& piece : pieces) {
        idle_until(piece.when.start.ps / step_);
        const std::int64_t finish = piece.when.finish.ps / step_;
        const std::size_t columns = static_cast<std::size_t>(finish - at) * pitch - 2;
        std::string text = name(piece.op);
        text.resize(columns, finish - at == 1 ? ' ' : '-');
        painter_.painted(piece.op.kind, text, gap());
        at = finish;
      }
      idle_until(steps);
    });
  }

  // The piece that covers the middle of each column, or none.
  std::vector<const Piece*> columns_of(const std::vector<Piece>& pieces,
                                       std::size_t columns) const {
    std::vector<const Piece*> owner(columns, nullptr);
    std::size_t piece = 0;
    for (std::size_t c = 0; c < columns; ++c) {
      const Int128 middle = Int128{end_.ps} * static_cast<Int128>(2 * c + 1);
      const Int128 parts = static_cast<Int128>(2 * columns);
      while (piece < pieces.size() && pieces[piece].when.finish.ps * parts <= middle) ++piece;
      if (piece < pieces.size() && pieces[piece].when.start.ps * parts <= middle) {
        owner[c] = &pieces[piece];
      }
    }
    return owner;
  }

  // A run of columns: the op's name and a line behind it; without the stage, or just its letter,
  // where it is too short.
  std::string run_text(const Op& op, std::size_t columns) const {
    std::string text = name(op);
    if (text.size() > columns && computes(op.kind)) text = label(op);
    if (text.size() > columns) return std::string(columns, picture_token(op.kind).front());
    text.resize(columns, '-');
    return text;
  }

  void write_scaled() {
    const int width = style_.width > 0 ? style_.width : default_columns;
    const std::size_t columns =
        static_cast<std::size_t>(std::max(10, width - static_cast<int>(label_width_)));
    const std::string end = readable(end_);
    start_row("time");
    fmt::format_to(std::back_inserter(out_.text()), "0{:>{}}", end, columns - 1);
    end_row();
    each_row([&](const std::vector<Piece>& pieces) {
      const std::vector<const Piece*> owner = columns_of(pieces, columns);
      for (std::size_t c = 0; c < columns;) {
        const std::size_t first = c;
        while (c < columns && owner[c] == owner[first]) ++c;
        if (owner[first] == nullptr) {
          painter_.plain(std::string(c - first, '.'));
        } else {
          painter_.painted(owner[first]->op.kind, run_text(owner[first]->op, c - first));
        }
      }
    });
  }

  void write_legend() {
    start_row("");
    for (int kind = 0; kind < op_kinds; ++kind) {
      if ((used_kinds_ & (1u << static_cast<unsigned>(kind))) == 0) continue;
      painter_.painted(static_cast<OpKind>(kind), picture_token(static_cast<OpKind>(kind)));
      painter_.plain(fmt::format(" {}   ", noun(static_cast<OpKind>(kind))));
    }
    out_.append(". idle");
    end_row();
  }
};

}  // namespace

void write_text_gantt(Output& out, const Experiment& experiment, const Run& run,
                      const TextStyle& style) {
  Gantt(out, experiment, run, style).write();
}

}  // namespace pipesim

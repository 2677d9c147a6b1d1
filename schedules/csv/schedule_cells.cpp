#include "schedules/csv/schedule_cells.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/trimmed.hpp"
#include "schedules/check/check_schedule.hpp"
#include "schedules/csv/csv_op.hpp"

namespace pipesim {

namespace {

// What a cell says beside the blanks and quotes around it.
std::string_view unquoted(std::string_view cell) {
  const std::string_view text = trimmed(cell);
  const bool quotes = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quotes ? trimmed(text.substr(1, text.size() - 2)) : text;
}

// Without the byte order mark that spreadsheets write, and empty lines at the end.
std::string_view body_of(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

// The part before the next separator, taken off the text with it. Afterwards `more` says whether
// there was one.
std::string_view take_part(std::string_view& text, char separator, bool& more) {
  const auto end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  more = end != text.npos;
  text.remove_prefix(more ? end + 1 : text.size());
  return part;
}

struct Slot {
  std::size_t row = 0;
  std::size_t slot = 0;
};

// The ops by their names in the newer dialect, with the slots of those that were called BW.
struct NamedCells {
  ScheduleCells cells{};
  std::vector<Slot> written_bw{};
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : rest_(body_of(text)), file_(file) {
    constexpr std::size_t most_ints = 1 << 30;
    most_ = static_cast<std::int64_t>(std::min(rest_.size(), most_ints));
  }

  NamedCells read() {
    if (rest_.empty()) {
      throw InputError(file_ + ": row 1: must hold the ops of the first device, got nothing",
                       "write a row for each device, such as 0F0,0F1,0B0,0B1");
    }
    for (bool more = true; more; ++row_) read_row(take_part(rest_, '\n', more));
    return std::move(read_);
  }

 private:
  std::string_view rest_;
  const std::string& file_;
  std::int64_t most_ = 0;  // Every stage and micro-batch takes a byte of the text, if not more.
  int row_ = 0;
  int column_ = 0;
  NamedCells read_{};

  void read_row(std::string_view line) {
    read_.cells.lanes.emplace_back();
    read_.cells.columns.emplace_back();
    column_ = 0;
    for (bool more = true; more; ++column_) read_cell(unquoted(take_part(line, ',', more)));
    if (read_.cells.lanes.back().empty()) {
      throw InputError(fmt::format("{}: row {}: must hold the ops of device {}, got none", file_,
                                   row_ + 1, row_),
                       "every row is a device, and every device holds a stage");
    }
  }

  void read_cell(std::string_view text) {
    if (text.empty()) return;
    const Cell cell{.file = file_, .row = row_, .column = column_, .text = text};
    if (text.front() == '(') return read_pair(cell);
    add(read_csv_op(text, cell, most_), false);
  }

  void read_pair(const Cell& cell) {
    const auto middle = cell.text.find(';');
    const auto end = cell.text.find(')');
    if (middle == cell.text.npos || end == cell.text.npos || middle > end ||
        trimmed(cell.text.substr(end + 1)) != "OVERLAP_F_B") {
      throw error_in(cell, "is no overlapped pair", "write (0F7;7B3)OVERLAP_F_B");
    }
    const std::string_view first = cell.text.substr(1, middle - 1);
    const std::string_view second = cell.text.substr(middle + 1, end - middle - 1);
    add(read_csv_op(trimmed(first), cell, most_), true);
    add(read_csv_op(trimmed(second), cell, most_), false);
  }

  void add(const CsvOp& found, bool with_next) {
    std::vector<std::vector<Op>>& lanes = read_.cells.lanes;
    if (found.written_bw) read_.written_bw.push_back({lanes.size() - 1, lanes.back().size()});
    lanes.back().push_back(found.op);
    lanes.back().back().with_next = with_next;
    read_.cells.columns.back().push_back(column_);
  }
};

bool has_kind(const ScheduleCells& cells, OpKind kind) {
  return std::ranges::any_of(cells.lanes, [&](const std::vector<Op>& lane) {
    return std::ranges::any_of(lane, [&](const Op& op) { return op.kind == kind; });
  });
}

// The ops of one kind, made comparable with those of another, in order.
std::vector<Op> sorted_ops(const std::vector<Op>& lane, OpKind kind) {
  std::vector<Op> ops;
  for (const Op& op : lane) {
    if (op.kind == kind) {
      ops.push_back({.copy = op.copy, .stage = op.stage, .micro_batch = op.micro_batch});
    }
  }
  std::ranges::sort(ops);
  return ops;
}

// So that B can only be the gradient of the input.
bool has_weight_gradient_of_a_backward(const std::vector<Op>& lane) {
  std::vector<Op> both;
  std::ranges::set_intersection(sorted_ops(lane, OpKind::backward),
                                sorted_ops(lane, OpKind::backward_weight),
                                std::back_inserter(both));
  return !both.empty();
}

bool is_older_dialect(const NamedCells& read) {
  if (has_kind(read.cells, OpKind::backward_input)) return false;
  if (!read.written_bw.empty()) return true;
  return has_kind(read.cells, OpKind::backward_weight) &&
         std::ranges::any_of(read.cells.lanes, has_weight_gradient_of_a_backward);
}

void read_as_older_dialect(NamedCells& read) {
  for (std::vector<Op>& lane : read.cells.lanes) {
    for (Op& op : lane) {
      if (op.kind == OpKind::backward) op.kind = OpKind::backward_input;
    }
  }
  for (const auto& [row, slot] : read.written_bw) {
    read.cells.lanes[row][slot].kind = OpKind::backward;
  }
}

}  // namespace

ScheduleCells read_schedule_cells(std::string_view text, const std::string& file) {
  NamedCells read = Reader(text, file).read();
  if (is_older_dialect(read)) read_as_older_dialect(read);
  return std::move(read.cells);
}

std::string place_of(const ScheduleCells& cells, const std::string& file, int device,
                     std::size_t slot) {
  if (slot == no_slot) return fmt::format("{}: row {}", file, device + 1);
  return fmt::format("{}: row {}, column {}", file, device + 1,
                     cells.columns[static_cast<std::size_t>(device)][slot] + 1);
}

}  // namespace pipesim

#include "schedules/schedule_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "models/input_error.hpp"
#include "schedules/check_schedule.hpp"

namespace pipesim {

namespace {

// A kind as a cell names it. BW is the older dialect's.
struct CellKind {
  std::string_view name;
  OpKind kind;
};
constexpr CellKind cell_kinds[] = {
    {"F", OpKind::forward},
    {"B", OpKind::backward},
    {"BW", OpKind::backward},
    {"I", OpKind::backward_input},
    {"W", OpKind::backward_weight},
    {"R", OpKind::recompute},
    {"SEND_F", OpKind::send_forward},
    {"RECV_F", OpKind::receive_forward},
    {"SEND_B", OpKind::send_backward},
    {"RECV_B", OpKind::receive_backward},
    {"UNSHARD", OpKind::unshard},
    {"RESHARD", OpKind::reshard},
    {"REDUCE_GRAD", OpKind::reduce_grad},
};
constexpr std::string_view overlap = "OVERLAP_F_B";
constexpr int most_stages = 1 << 24;

std::string shown(std::string_view token) {
  constexpr std::size_t longest = 40;
  return quoted(token.size() <= longest ? std::string(token)
                                        : std::string(token.substr(0, longest)) + "…");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  const auto first = text.find_first_not_of(blank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The digits that a text begins with, taken off it.
std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : rest_(text), file_(file) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
    while (!rest_.empty() && (rest_.back() == '\n' || rest_.back() == '\r')) rest_.remove_suffix(1);
    most_ = static_cast<std::int64_t>(
        std::min<std::size_t>(rest_.size(), std::size_t{1} << 30));  // No more ops than bytes.
  }

  ScheduleCells read() {
    if (trimmed(rest_).empty()) {
      throw InputError(file_ + ": row 1: must hold the ops of the first device, got nothing",
                       "write a row for each device, such as 0F0,0F1,0B0,0B1");
    }
    for (bool more = true; more; ++row_) {
      const auto end = rest_.find('\n');
      read_row(rest_.substr(0, end));
      more = end != rest_.npos;
      if (more) rest_.remove_prefix(end + 1);
    }
    if (is_older_dialect()) read_as_older_dialect();
    return std::move(cells_);
  }

 private:
  std::string_view rest_;
  const std::string& file_;
  ScheduleCells cells_{};
  std::int64_t most_ = 0;
  int row_ = 0;
  int column_ = 0;
  std::vector<std::pair<int, std::size_t>> full_backwards_{};  // Of the older dialect: row, slot.

  InputError error(std::string_view problem, std::string_view token, std::string_view hint) const {
    return InputError(fmt::format("{}: row {}, column {}: {}, got {}", file_, row_ + 1, column_ + 1,
                                  problem, shown(token)),
                      hint);
  }

  void read_row(std::string_view line) {
    cells_.lanes.emplace_back();
    cells_.columns.emplace_back();
    column_ = 0;
    for (bool more = true; more; ++column_) {
      const auto comma = line.find(',');
      read_cell(line.substr(0, comma));
      more = comma != line.npos;
      if (more) line.remove_prefix(comma + 1);
    }
    if (cells_.lanes.back().empty()) {
      throw InputError(fmt::format("{}: row {}: must hold the ops of device {}, got none", file_,
                                   row_ + 1, row_),
                       "every row is a device, and every device holds a stage");
    }
  }

  void read_cell(std::string_view cell) {
    std::string_view token = trimmed(cell);
    if (token.size() >= 2 && token.front() == '"' && token.back() == '"') {
      token = trimmed(token.substr(1, token.size() - 2));
    }
    if (token.empty()) return;
    if (token.front() == '(') return read_pair(token);
    add(read_op(token, token), false);
  }

  void read_pair(std::string_view token) {
    const auto middle = token.find(';');
    const auto end = token.find(')');
    if (middle == token.npos || end == token.npos || middle > end ||
        trimmed(token.substr(end + 1)) != overlap) {
      throw error("is no overlapped pair", token, "write (0F7;7B3)OVERLAP_F_B");
    }
    add(read_op(trimmed(token.substr(1, middle - 1)), token), true);
    add(read_op(trimmed(token.substr(middle + 1, end - middle - 1)), token), false);
  }

  void add(Op op, bool with_next) {
    op.with_next = with_next;
    cells_.lanes.back().push_back(op);
    cells_.columns.back().push_back(column_);
  }

  Op read_op(std::string_view text, std::string_view token) {
    const std::string_view stage = take_digits(text);
    const bool second = text.starts_with('\'');
    if (second) text.remove_prefix(1);
    std::string_view digits;
    const auto end = std::find_if(text.begin(), text.end(), is_digit);
    const std::string_view name(text.data(), static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(name.size());
    digits = take_digits(text);
    if (stage.empty() || name.empty() || !text.empty()) {
      throw error("is no op of a schedule", token,
                  "write stage, kind and micro-batch, such as 0F0, 2SEND_F1 or 1UNSHARD");
    }
    const OpKind kind = kind_named(name, token);
    Op op{.kind = kind,
          .copy = static_cast<std::uint8_t>(second ? 1 : 0),
          .stage = number(stage, std::min<std::int64_t>(most_, most_stages), token),
          .micro_batch = digits.empty() ? -1 : number(digits, most_, token)};
    if (name == "BW") full_backwards_.emplace_back(row_, cells_.lanes.back().size());
    check_micro_batch(op, token);
    return op;
  }

  OpKind kind_named(std::string_view name, std::string_view token) const {
    std::vector<std::string> names;
    for (const CellKind& known : cell_kinds) {
      if (known.name == name) return known.kind;
      names.emplace_back(known.name);
    }
    throw error(fmt::format("has no known kind of op, {}", shown(name)), token,
                suggestion(name.substr(0, 20), "kinds", names));
  }

  int number(std::string_view digits, std::int64_t most, std::string_view token) const {
    std::int64_t value = 0;
    const auto [rest, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (problem == std::errc{} && value < most) return static_cast<int>(value);
    throw error("has a number that is too large", token,
                "stages and micro-batches count from 0, and each stands in the file");
  }

  void check_micro_batch(const Op& op, std::string_view token) const {
    if (is_sharding(op.kind) && op.micro_batch >= 0) {
      throw error("is for a whole stage, not for a micro-batch", token,
                  "write it without the number behind it");
    }
    const bool may_lack = is_sharding(op.kind) || op.kind == OpKind::backward_weight;
    if (!may_lack && op.micro_batch < 0) {
      throw error("lacks its micro-batch", token, "write the micro-batch behind the kind: 0F3");
    }
  }

  // Only backwards called B can be of the older dialect; an I is of the newer.
  bool is_older_dialect() const {
    if (!full_backwards_.empty()) return true;
    for (std::size_t row = 0; row < cells_.lanes.size(); ++row) {
      std::vector<Op> backwards;
      for (const Op& op : cells_.lanes[row]) {
        if (op.kind == OpKind::backward_input) return false;
        if (op.kind == OpKind::backward) backwards.push_back(keyed(op));
      }
      std::ranges::sort(backwards);
      for (const Op& op : cells_.lanes[row]) {
        if (op.kind == OpKind::backward_weight &&
            std::ranges::binary_search(backwards, keyed(op))) {
          return true;
        }
      }
    }
    return false;
  }

  static Op keyed(const Op& op) {
    return {.copy = op.copy, .stage = op.stage, .micro_batch = op.micro_batch};
  }

  void read_as_older_dialect() {
    for (std::vector<Op>& lane : cells_.lanes) {
      for (Op& op : lane) {
        if (op.kind == OpKind::backward) op.kind = OpKind::backward_input;
      }
    }
    for (const auto& [row, slot] : full_backwards_) {
      cells_.lanes[static_cast<std::size_t>(row)][slot].kind = OpKind::backward;
    }
  }
};

// Puts the cells together, and finds what is missing, twice or astray.
class Assembly {
 public:
  Assembly(const ScheduleCells& cells, const std::string& file) : cells_(cells), file_(file) {}

  Schedule schedule() {
    place_stages();
    check_stages();
    schedule_.lanes = cells_.lanes;
    check_ops();
    return std::move(schedule_);
  }

 private:
  const ScheduleCells& cells_;
  const std::string& file_;
  Schedule schedule_{};
  std::int64_t forwards_ = 0;

  template <class Visit>
  void each(Visit&& visit) const {
    for (std::size_t row = 0; row < cells_.lanes.size(); ++row) {
      for (std::size_t slot = 0; slot < cells_.lanes[row].size(); ++slot) {
        visit(static_cast<int>(row), slot, cells_.lanes[row][slot]);
      }
    }
  }

  std::string place(int row, std::size_t slot) const { return place_of(cells_, file_, row, slot); }
  InputError error(int row, std::size_t slot, std::string_view problem,
                   std::string_view hint) const {
    const Op& op = cells_.lanes[static_cast<std::size_t>(row)][slot];
    return InputError(
        fmt::format("{}: {}, got {}", place(row, slot), problem, shown(csv_token(op))), hint);
  }

  void place_stages() {
    each([&](int row, std::size_t slot, const Op& op) {
      auto& placement = op.copy == 0 ? schedule_.placement : schedule_.second_placement;
      const auto stage = static_cast<std::size_t>(op.stage);
      if (stage >= placement.size()) placement.resize(stage + 1, -1);
      if (placement[stage] < 0) placement[stage] = row;
      if (placement[stage] != row) {
        throw error(row, slot,
                    fmt::format("stands on row {}, but stage {}{} is on row {}", row + 1, op.stage,
                                op.copy == 0 ? "" : "'", placement[stage] + 1),
                    fmt::format("a stage is on one device; a bidirectional schedule writes its "
                                "second copy as {}'F0",
                                op.stage));
      }
      schedule_.micro_batches = std::max(schedule_.micro_batches, op.micro_batch + 1);
      forwards_ += op.kind == OpKind::forward ? 1 : 0;
    });
  }

  void check_stages() const {
    const std::size_t stages =
        std::max(schedule_.placement.size(), schedule_.second_placement.size());
    check_copies(schedule_.placement, stages, "");
    if (schedule_.bidirectional()) check_copies(schedule_.second_placement, stages, "'");
  }

  void check_copies(const std::vector<int>& placement, std::size_t stages,
                    std::string_view mark) const {
    for (std::size_t stage = 0; stage < stages; ++stage) {
      if (stage < placement.size() && placement[stage] >= 0) continue;
      int row = 0;
      std::size_t slot = 0;
      each([&](int at_row, std::size_t at_slot, const Op& op) {
        if (static_cast<std::size_t>(op.stage) + 1 == stages) {
          row = at_row;
          slot = at_slot;
        }
      });
      throw error(
          row, slot,
          fmt::format("belongs to a pipeline of {} stages, of which stage {}{} is on no row",
                      stages, stage, mark),
          mark.empty() ? "stages count from 0, without gaps"
                       : "a bidirectional schedule holds every stage twice");
    }
  }

  // The table of all stages and micro-batches is no larger than the file once every F is there.
  void check_ops() const {
    const std::int64_t stages = schedule_.stages();
    if (forwards_ < stages * schedule_.micro_batches) throw missing_forward();
    const auto columns = static_cast<std::size_t>(schedule_.micro_batches);
    std::vector<std::uint16_t> seen(static_cast<std::size_t>(stages) * columns);
    each([&](int row, std::size_t slot, const Op& op) {
      if (op.micro_batch < 0) return;
      std::uint16_t& met = seen[static_cast<std::size_t>(op.stage) * columns +
                                static_cast<std::size_t>(op.micro_batch)];
      const auto bit = static_cast<std::uint16_t>(1u << static_cast<unsigned>(op.kind));
      if ((met & bit) != 0) throw stands_twice(row, slot, op);
      met |= bit;
    });
  }

  InputError stands_twice(int row, std::size_t slot, const Op& op) const {
    std::string first;
    each([&](int at_row, std::size_t at_slot, const Op& other) {
      const bool same =
          other.kind == op.kind && other.stage == op.stage && other.micro_batch == op.micro_batch;
      if (same && first.empty()) {
        first = fmt::format("row {}, column {}", at_row + 1,
                            cells_.columns[static_cast<std::size_t>(at_row)][at_slot] + 1);
      }
    });
    return error(row, slot, "stands in the file twice, first in " + first, "remove one of the two");
  }

  InputError missing_forward() const {
    std::vector<Op> forwards;
    each([&](int, std::size_t, const Op& op) {
      if (op.kind == OpKind::forward) {
        forwards.push_back({.stage = op.stage, .micro_batch = op.micro_batch});
      }
    });
    std::ranges::sort(forwards);
    Op wanted;
    for (const Op& op : forwards) {
      if (op != wanted && op.micro_batch + op.stage >= 0 && wanted < op) break;
      if (op != wanted) continue;  // Stands twice.
      if (++wanted.micro_batch == schedule_.micro_batches) {
        wanted = {.stage = wanted.stage + 1, .micro_batch = 0};
      }
    }
    const int row = schedule_.placement[static_cast<std::size_t>(wanted.stage)];
    return InputError(
        fmt::format("{}: row {}: must run every op once, got no {}", file_, row + 1,
                    csv_token(wanted)),
        fmt::format("the file names {} micro-batches, and every stage runs F and B, or "
                    "F, I and W, for each",
                    schedule_.micro_batches));
  }
};

}  // namespace

ScheduleCells read_schedule_cells(std::string_view text, const std::string& file) {
  return Reader(text, file).read();
}

Schedule schedule_from(const ScheduleCells& cells, const std::string& file) {
  return Assembly(cells, file).schedule();
}

std::string place_of(const ScheduleCells& cells, const std::string& file, int device,
                     std::size_t slot) {
  if (slot == no_slot) return fmt::format("{}: row {}", file, device + 1);
  return fmt::format("{}: row {}, column {}", file, device + 1,
                     cells.columns[static_cast<std::size_t>(device)][slot] + 1);
}

std::string csv_token(const Op& op) {
  const std::string_view mark = op.copy == 0 ? "" : "'";
  return op.micro_batch < 0
             ? fmt::format("{}{}{}", op.stage, mark, token(op.kind))
             : fmt::format("{}{}{}{}", op.stage, mark, token(op.kind), op.micro_batch);
}

}  // namespace pipesim

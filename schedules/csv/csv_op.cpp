#include "schedules/csv/csv_op.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace pipesim {

namespace {

constexpr std::string_view older_full_backward = "BW";

// All-reduce and optimizer follow a schedule; they are not of it.
constexpr bool is_of_a_schedule(OpKind kind) {
  return computes(kind) || is_sharding(kind) || communicates(kind);
}

std::optional<OpKind> kind_named(std::string_view name) {
  if (name == older_full_backward) return OpKind::backward;
  for (int number = 0; number < op_kinds; ++number) {
    const auto kind = static_cast<OpKind>(number);
    if (is_of_a_schedule(kind) && token(kind) == name) return kind;
  }
  return std::nullopt;
}

InputError unknown_kind(std::string_view name, const Cell& cell) {
  std::vector<std::string> names;
  for (int number = 0; number < op_kinds; ++number) {
    const auto kind = static_cast<OpKind>(number);
    if (is_of_a_schedule(kind)) names.emplace_back(token(kind));
  }
  return error_in(cell, "has no known kind of op", suggestion(name, "kinds", names));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What a text begins with, taken off it.
template <class Wanted>
std::string_view take(std::string_view& text, Wanted wanted) {
  const auto end = std::find_if_not(text.begin(), text.end(), wanted);
  const auto taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

int number_from(std::string_view digits, const Cell& cell, std::int64_t most) {
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec == std::errc{} && value < most) return static_cast<int>(value);
  throw error_in(cell, "has a number that is too large",
                 "stages and micro-batches count from 0, and each stands in the file");
}

// Any file can be named as a schedule: what is not spelled like an op, or nearly, is not repeated.
bool is_like_an_op(std::string_view text) {
  constexpr std::string_view spelling = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-'(); \t";
  constexpr std::string_view beginnings = "0123456789-('\"";
  constexpr std::size_t longest_op = 16;
  return text.find_first_not_of(spelling) == text.npos ||
         (text.size() <= longest_op && beginnings.find(text.front()) != beginnings.npos);
}

void check_micro_batch(const Op& op, const Cell& cell) {
  if (is_sharding(op.kind) && op.micro_batch >= 0) {
    throw error_in(cell, "is for a whole stage, not for a micro-batch",
                   "write it without the number behind it");
  }
  const bool may_lack = is_sharding(op.kind) || op.kind == OpKind::backward_weight;
  if (!may_lack && op.micro_batch < 0) {
    throw error_in(cell, "lacks its micro-batch", "write the micro-batch behind the kind: 0F3");
  }
}

}  // namespace

InputError error_in(const Cell& cell, std::string_view problem, std::string_view hint) {
  return InputError(
      fmt::format("{}: row {}, column {}: {}, got {}", cell.file, cell.row + 1, cell.column + 1,
                  problem,
                  is_like_an_op(cell.text) ? in_quotes(cell.text)
                                           : fmt::format("{} bytes", cell.text.size())),
      hint);
}

CsvOp read_csv_op(std::string_view text, const Cell& cell, std::int64_t most) {
  const std::string_view stage = take(text, is_digit);
  const bool second = text.starts_with('\'');
  if (second) text.remove_prefix(1);
  const std::string_view name = take(text, [](char c) { return !is_digit(c); });
  const std::string_view micro_batch = take(text, is_digit);
  if (stage.empty() || name.empty() || !text.empty()) {
    throw error_in(cell, "is no op of a schedule",
                   "write stage, kind and micro-batch, such as 0F0, 2SEND_F1 or 1UNSHARD");
  }
  const std::optional<OpKind> kind = kind_named(name);
  if (!kind) throw unknown_kind(name, cell);
  const Op op{.kind = *kind,
              .copy = static_cast<std::uint8_t>(second ? 1 : 0),
              .stage = number_from(stage, cell, most),
              .micro_batch = micro_batch.empty() ? -1 : number_from(micro_batch, cell, most)};
  check_micro_batch(op, cell);
  return {.op = op, .written_bw = name == older_full_backward};
}

std::string csv_token(const Op& op) {
  const std::string_view mark = op.copy == 0 ? "" : "'";
  return op.micro_batch < 0
             ? fmt::format("{}{}{}", op.stage, mark, token(op.kind))
             : fmt::format("{}{}{}{}", op.stage, mark, token(op.kind), op.micro_batch);
}

}  // namespace pipesim

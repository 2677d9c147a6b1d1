#include "sim/published/figures/csv_table.hpp"

#include "models/base/trimmed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

namespace pipesim::published {

namespace {

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  for (;;) {
    const std::size_t comma = line.find(',');
    cells.emplace_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

InputError error_at(const std::string& file, int line, std::string_view problem,
                    std::string_view got, std::string_view hint) {
  return InputError(fmt::format("{}:{}: {}, got {}", file, line, problem, got), hint);
}

// The text as errors show it: a long one is cut off.
std::string shown(std::string_view text) {
  constexpr std::size_t longest = 40;
  return in_quotes(text.substr(0, longest)) + (text.size() > longest ? "…" : "");
}

void check_columns(const CsvTable& table, int line) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& name = table.columns[i];
    if (!name.empty() && seen.insert(name).second) continue;
    throw error_at(table.file, line, fmt::format("column {} must have a name of its own", i + 1),
                   shown(name), "the first line that is no comment names the columns");
  }
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr int largest_whole = 1'000'000'000;

std::optional<int> whole_number(std::string_view text) {
  const auto value = parse_number<int>(text);
  return value && *value >= 1 && *value <= largest_whole ? value : std::nullopt;
}

// What a letter behind a number stands for; 1 where there is none.
double scale_of(std::string_view& text) {
  constexpr std::pair<char, double> scales[] = {{'k', 1e3}, {'M', 1e6}, {'B', 1e9}, {'T', 1e12}};
  for (const auto& [letter, scale] : scales) {
    if (!text.ends_with(letter)) continue;
    text.remove_suffix(1);
    return scale;
  }
  return 1;
}

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& file) {
  CsvTable table{.file = file};
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // A byte-order mark.
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    if (line.find('\0') != std::string_view::npos) {
      throw error_at(file, number, "must be a line of text", "a NUL byte", "give a CSV file");
    }
    std::vector<std::string> cells = cells_of(line);
    if (table.columns.empty()) {
      table.columns = std::move(cells);
      check_columns(table, number);
    } else if (cells.size() != table.columns.size()) {
      throw error_at(file, number,
                     fmt::format("must have {} cells, as there are columns", table.columns.size()),
                     std::to_string(cells.size()),
                     "separate cells by commas; a cell can't hold one");
    } else {
      table.rows.push_back({.line = number, .cells = std::move(cells)});
    }
  }
  if (!table.rows.empty()) return table;
  throw error_at(file, std::max(number, 1), "must have a line of column names and a row",
                 table.columns.empty() ? "nothing" : "no row", "give the figures, a row a line");
}

const std::string* CsvRow::find(std::string_view column) const {
  const auto at = std::ranges::find(table_.columns, column);
  if (at == table_.columns.end()) return nullptr;
  return &row_.cells[static_cast<std::size_t>(at - table_.columns.begin())];
}

std::string CsvRow::place() const {
  return fmt::format("{}:{}", table_.file, row_.line);
}

InputError CsvRow::error(std::string_view column, std::string_view problem,
                         std::string_view hint) const {
  const std::string* cell = find(column);
  return error_at(table_.file, row_.line, fmt::format("column {}: {}", in_quotes(column), problem),
                  cell == nullptr || cell->empty() ? "nothing" : shown(*cell), hint);
}

bool CsvRow::has(std::string_view column) const {
  const std::string* cell = find(column);
  return cell != nullptr && !cell->empty();
}

const std::string& CsvRow::text(std::string_view column) const {
  if (has(column)) return *find(column);
  throw error(column, "is required", suggestion(column, "columns", table_.columns));
}

double CsvRow::number(std::string_view column) const {
  const auto value = parse_number<double>(text(column));
  if (value && std::isfinite(*value) && *value > 0) return *value;
  throw error(column, "must be a number above 0", "write it as 1234.5");
}

int CsvRow::whole(std::string_view column) const {
  if (const auto value = whole_number(text(column))) return *value;
  throw error(column, fmt::format("must be a whole number from 1 to {}", largest_whole),
              "write it in digits");
}

std::vector<int> CsvRow::wholes(std::string_view column) const {
  std::vector<int> values;
  std::string_view rest = text(column);
  while (!rest.empty()) {
    const std::size_t end = rest.find(' ');
    const auto value = whole_number(rest.substr(0, end));
    if (!value) throw error(column, "must be whole numbers from 1 on", "write them as 3 6 7 8");
    values.push_back(*value);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return values;
}

bool CsvRow::flag(std::string_view column) const {
  return word(column, {"0", "1"}) == "1";
}

const std::string& CsvRow::word(std::string_view column,
                                const std::vector<std::string>& words) const {
  const std::string& value = text(column);
  if (std::ranges::find(words, value) != words.end()) return value;
  throw error(column, "is not known here", suggestion(value, "possible", words));
}

Printed printed_number(const CsvRow& row, std::string_view column) {
  std::string_view digits = row.text(column);
  const double scale = scale_of(digits);
  const std::size_t point = digits.find('.');
  const auto decimals = point == std::string_view::npos ? 0 : digits.size() - point - 1;
  const auto value = parse_number<double>(digits);
  const bool plain = digits.find_first_not_of("0123456789.") == std::string_view::npos;
  if (!plain || !value || !(*value > 0) || !std::isfinite(*value)) {
    throw row.error(column, "must be a number above 0, as it is printed", "write it as 282.2M");
  }
  return {.value = *value * scale,
          .rounding = 0.5 * std::pow(10.0, -static_cast<double>(decimals)) * scale};
}

}  // namespace pipesim::published

#include "reports/published/published_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "reports/published/published_figures.hpp"
#include "reports/text/number_text.hpp"
#include "reports/text/text_table.hpp"

namespace pipesim {

namespace {

using published::Comparison;
using published::PublishedTable;
using published::Row;

constexpr std::size_t farthest_shown = 3;

// Farthest off first.
std::vector<Row> farthest(std::vector<Row> rows) {
  const auto size = [](const Row& row) {
    return row.counts ? std::abs(relative_error(row)) : -1.0;
  };
  std::ranges::stable_sort(rows, std::greater<>{}, size);
  rows.resize(std::min(rows.size(), farthest_shown));
  return rows;
}

void write_rows(Output& out, const Comparison& comparison, bool every_row) {
  const bool in_full = every_row || comparison.rows.size() <= published_rows_in_full;
  TextTable table{.columns = {{"", 0, true}, {"published"}, {"predicted"}, {"error"}}, .indent = 2};
  for (const Row& row : in_full ? comparison.rows : farthest(comparison.rows)) {
    table.rows.push_back({.cells = {short_name(row.label), published_text(row, comparison.unit),
                                    predicted_text(row, comparison.unit), error_text(row)},
                          .note = printable(row.note)});
  }
  if (!in_full) {
    out.append(fmt::format("  {} rows; the {} farthest off:\n", comparison.rows.size(),
                           table.rows.size()));
  }
  write_text_table(out, table);
}

void write_table(Output& out, const PublishedTable& table, bool every_row) {
  const Comparison& comparison = table.comparison;
  out.append(fmt::format("{}\n  {}\n", comparison.title, comparison.source));
  if (!comparison.skipped.empty()) {
    out.append(fmt::format("  skipped: {}\n\n", printable(comparison.skipped)));
    return;
  }
  write_rows(out, comparison, every_row);
  for (const published::Verdict& verdict : verdicts(comparison)) {
    out.append(fmt::format("  {}: {}\n", verdict_text(verdict), verdict.holds ? "ok" : "BROKEN"));
  }
  for (const published::AblationResult& result : table.ablations) {
    out.append(fmt::format("  {}: {}\n", name_of(result.ablation), ablation_text(result)));
  }
  if (every_row) {
    for (const std::string& missing : comparison.missing) {
      out.append(fmt::format("  not stated: {}\n", missing));
    }
    for (const std::string& fitted : comparison.fitted) {
      out.append(fmt::format("  chosen on these figures: {}\n", fitted));
    }
  }
  out.append("\n");
}

}  // namespace

void write_published_text(Output& out, const std::vector<PublishedTable>& tables, bool every_row) {
  for (const PublishedTable& table : tables) write_table(out, table, every_row);
  out.append(count_text(count_of(tables)) + "\n");
  for (const PublishedTable& table : tables) {
    if (holds(table.comparison)) continue;
    out.append(fmt::format("BROKEN: {}\n", table.comparison.id));
  }
}

}  // namespace pipesim

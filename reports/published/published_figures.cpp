#include "reports/published/published_figures.hpp"

#include <fmt/format.h>

#include <cmath>

namespace pipesim {

using published::Comparison;
using published::Row;
using published::Tolerance;
using published::Verdict;

namespace {

std::string value_text(double value, const std::string& unit) {
  constexpr double exact_to = 0x1p53;
  const bool whole = value == std::round(value) && std::abs(value) < exact_to;
  const std::string number = whole ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
  return unit.empty() ? number : number + " " + unit;
}

// Two decimals at most: "5 %", "4.58 %".
std::string percent_text(double fraction) {
  return fmt::format("{:.4g} %", std::round(fraction * 1e4) / 100);
}

std::string rows_text(double count) {
  return count == 1 ? "1 row" : fmt::format("{:.0f} rows", count);
}

}  // namespace

std::string published_text(const Row& row, const std::string& unit) {
  return row.is_text() ? row.published_text : value_text(row.published, unit);
}

std::string predicted_text(const Row& row, const std::string& unit) {
  return row.is_text() ? row.predicted_text : value_text(row.predicted, unit);
}

std::string error_text(const Row& row) {
  const double error = relative_error(row);
  const std::string text = error == 0      ? "0"
                           : row.is_text() ? "wrong"
                                           : fmt::format("{:+.2f} %", 100 * error);
  return row.counts ? text : fmt::format("({})", text);
}

std::string verdict_text(const Verdict& verdict) {
  const Tolerance& tolerance = verdict.tolerance;
  const std::string limit = percent_text(tolerance.limit);
  switch (tolerance.kind) {
    case Tolerance::Kind::exact:
      return verdict.holds ? "every row exact"
                           : rows_text(verdict.found) + " not exact, where all must be";
    case Tolerance::Kind::most_rows:
      return fmt::format("{} off by more than {}, at most {} may be", rows_text(verdict.found),
                         limit, tolerance.outliers);
    default:
      return fmt::format("{} error {}, at most {}", name_of(tolerance.kind),
                         percent_text(verdict.found), limit);
  }
}

std::string_view verdict_word(const Comparison& comparison) {
  if (!comparison.skipped.empty()) return "skipped";
  if (verdicts(comparison).empty()) return "reported only";
  return holds(comparison) ? "ok" : "BROKEN";
}

std::string ablation_text(const published::AblationResult& result) {
  std::string text = fmt::format("mean error {}, worst {}", percent_text(result.mean_error),
                                 percent_text(result.worst_error));
  if (result.fraction) {
    text += fmt::format(" (every operator at {} of the peak rate)", percent_text(*result.fraction));
  }
  return text;
}

PublishedCount count_of(const std::vector<published::PublishedTable>& tables) {
  PublishedCount count;
  for (const published::PublishedTable& table : tables) {
    const std::string_view word = verdict_word(table.comparison);
    count.ok += word == "ok" ? 1 : 0;
    count.broken += word == "BROKEN" ? 1 : 0;
    count.skipped += word == "skipped" ? 1 : 0;
    count.reported_only += word == "reported only" ? 1 : 0;
  }
  return count;
}

std::string count_text(const PublishedCount& count) {
  const std::size_t all = count.ok + count.broken + count.skipped + count.reported_only;
  std::string text = fmt::format("{} {}: {} ok", all, all == 1 ? "table" : "tables", count.ok);
  if (count.broken > 0) text += fmt::format(", {} BROKEN", count.broken);
  if (count.reported_only > 0) text += fmt::format(", {} reported only", count.reported_only);
  if (count.skipped > 0) text += fmt::format(", {} skipped", count.skipped);
  return text;
}

}  // namespace pipesim

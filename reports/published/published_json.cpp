#include "reports/published/published_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pipesim {

namespace {

using nlohmann::ordered_json;
using published::Comparison;
using published::PublishedTable;
using published::Tolerance;

ordered_json row_json(const published::Row& row) {
  ordered_json json = {{"label", row.label}};
  if (row.is_text()) {
    json["published"] = row.published_text;
    json["predicted"] = row.predicted_text;
  } else {
    json["published"] = row.published;
    json["predicted"] = row.predicted;  // null where there is none: JSON has no NaN.
  }
  json["error_percent"] = 100 * relative_error(row);
  json["agrees"] = agrees(row);
  json["counts"] = row.counts;
  if (!row.note.empty()) json["note"] = row.note;
  return json;
}

ordered_json verdict_json(const published::Verdict& verdict) {
  const Tolerance& tolerance = verdict.tolerance;
  ordered_json json = {{"kind", name_of(tolerance.kind)}};
  if (tolerance.kind != Tolerance::Kind::exact) json["limit_percent"] = 100 * tolerance.limit;
  if (tolerance.kind == Tolerance::Kind::exact || tolerance.kind == Tolerance::Kind::most_rows) {
    json["rows_allowed_outside"] = tolerance.outliers;
    json["rows_outside"] = verdict.found;
  } else {
    json["found_percent"] = 100 * verdict.found;
  }
  json["holds"] = verdict.holds;
  return json;
}

ordered_json ablation_json(const published::AblationResult& result) {
  ordered_json json = {{"model", name_of(result.ablation)},
                       {"mean_error_percent", 100 * result.mean_error},
                       {"worst_error_percent", 100 * result.worst_error}};
  if (result.fraction) json["fraction_of_peak"] = *result.fraction;
  return json;
}

ordered_json table_json(const PublishedTable& table) {
  const Comparison& comparison = table.comparison;
  ordered_json json = {{"id", comparison.id},
                       {"title", comparison.title},
                       {"source", comparison.source},
                       {"unit", comparison.unit},
                       {"holds", holds(comparison)}};
  if (!comparison.skipped.empty()) json["skipped"] = comparison.skipped;
  json["tolerances"] = ordered_json::array();
  for (const auto& verdict : verdicts(comparison)) {
    json["tolerances"].push_back(verdict_json(verdict));
  }
  json["rows"] = ordered_json::array();
  for (const auto& row : comparison.rows) json["rows"].push_back(row_json(row));
  json["not_stated"] = comparison.missing;
  json["fitted"] = comparison.fitted;
  for (const auto& result : table.ablations) json["ablations"].push_back(ablation_json(result));
  return json;
}

}  // namespace

ordered_json published_json(const std::vector<PublishedTable>& tables) {
  ordered_json json = {{"command", "validate"},
                       {"holds", std::ranges::all_of(tables, [](const PublishedTable& table) {
                          return published::holds(table.comparison);
                        })}};
  json["tables"] = ordered_json::array();
  for (const PublishedTable& table : tables) json["tables"].push_back(table_json(table));
  return json;
}

}  // namespace pipesim

#include "reports/published/published_markdown.hpp"

#include <fmt/format.h>

#include "reports/published/published_figures.hpp"
#include "reports/text/number_text.hpp"

namespace pipesim {

namespace {

using published::Comparison;
using published::PublishedTable;

std::string found_text(const Comparison& comparison) {
  if (!comparison.skipped.empty()) return comparison.skipped;
  std::string text;
  for (const published::Verdict& verdict : verdicts(comparison)) {
    text += (text.empty() ? "" : "; ") + verdict_text(verdict);
  }
  return text.empty() ? "no tolerance" : text;
}

void write_overview(Output& out, const std::vector<PublishedTable>& tables) {
  out.append("| figures | rows | found | verdict | fitted on it |\n|---|--:|---|---|---|\n");
  for (const PublishedTable& table : tables) {
    const Comparison& comparison = table.comparison;
    out.append(fmt::format("| {} | {} | {} | {} | {} |\n", markdown_cell(comparison.title),
                           comparison.rows.size(), markdown_cell(found_text(comparison)),
                           verdict_word(comparison), comparison.fitted.empty() ? "" : "in part"));
  }
  out.append(fmt::format("\n{}.\n", count_text(count_of(tables))));
}

void write_list(Output& out, std::string_view heading, const std::vector<std::string>& items) {
  if (items.empty()) return;
  out.append(fmt::format("\n{}:\n\n", heading));
  for (const std::string& item : items) out.append(fmt::format("- {}\n", item));
}

void write_ablations(Output& out, const PublishedTable& table) {
  if (table.ablations.empty()) return;
  out.append("\nWhat parts of the model are worth here:\n\n| model | errors |\n|---|---|\n");
  for (const published::AblationResult& result : table.ablations) {
    out.append(fmt::format("| {} | {} |\n", name_of(result.ablation), ablation_text(result)));
  }
}

void write_table(Output& out, const PublishedTable& table) {
  const Comparison& comparison = table.comparison;
  if (!comparison.skipped.empty()) return;
  out.append(fmt::format("\n## {}\n\n{}\n\n", comparison.title, comparison.source));
  out.append("| | published | predicted | error | |\n|---|--:|--:|--:|---|\n");
  for (const published::Row& row : comparison.rows) {
    out.append(fmt::format("| {} | {} | {} | {} | {} |\n", markdown_cell(row.label),
                           markdown_cell(published_text(row, comparison.unit)),
                           markdown_cell(predicted_text(row, comparison.unit)), error_text(row),
                           markdown_cell(row.note)));
    out.end_of_line();
  }
  write_list(out, "Not stated by the source", comparison.missing);
  write_list(out, "Chosen on these very figures", comparison.fitted);
  write_ablations(out, table);
}

}  // namespace

void write_published_markdown(Output& out, const std::vector<PublishedTable>& tables) {
  out.append(
      "# Prediction against published figures\n\n"
      "What others measured or derived, and what `simulate` says of the same settings. Errors are\n"
      "predicted over published, minus one; those in brackets are only reported. Written by\n"
      "`pipesim validate --published --ablate --markdown`; how predictions compare with runs of\n"
      "pipesim's own is in [fidelity_machine.md](fidelity_machine.md).\n\n"
      "Sources leave settings open, and some constants of the model come from the same figures: "
      "each\n"
      "table says so below it. Where \"fitted on it\" is empty nothing was chosen on a table's "
      "figures.\n"
      "Tolerances are a little above what was found: they keep it there, and prove nothing.\n\n");
  write_overview(out, tables);
  for (const PublishedTable& table : tables) write_table(out, table);
}

}  // namespace pipesim

#include "cli/commands/validate_published.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/output/progress.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "reports/published/published_json.hpp"
#include "reports/published/published_markdown.hpp"
#include "reports/published/published_text.hpp"
#include "reports/text/json_text.hpp"
#include "sim/published/tables.hpp"

namespace pipesim::cli {

void add_published_options(Command& command, PublishedOptions& options,
                           std::vector<std::string> excludes) {
  command.options.push_back(
      {.name = "--published",
       .into = &options.asked,
       .description = "Instead: hold published figures against predicted ones",
       .excludes = std::move(excludes)});
  command.options.push_back(
      {.name = "--published-data",
       .into = &options.folder,
       .description = "Read figures from the CSV files of a folder, where it has them",
       .value = "DIR",
       .needs = {"--published"}});
  command.options.push_back(
      {.name = "--ablate",
       .into = &options.ablate,
       .description = "With --published: the errors of times without parts of the model, too",
       .needs = {"--published"}});
  command.options.push_back({.name = "--verbose",
                             .into = &options.every_row,
                             .description = "With --published: every row of long tables",
                             .needs = {"--published"}});
  command.options.push_back({.name = "--markdown",
                             .into = &options.markdown,
                             .description = "With --published: print docs/fidelity.md",
                             .needs = {"--published"},
                             .excludes = {"--verbose"}});
}

int validate_published(const PublishedOptions& options) {
  const published::DataFiles data =
      options.folder ? published::data_files_in(*options.folder, published::external_files())
                     : published::DataFiles{};
  const std::vector<published::KnownTable>& known = published::known_tables();
  Progress progress(!options.quiet);
  const ReportProgress report = progress.begin("predicting published figures", "tables");
  const std::vector<published::PublishedTable> tables =
      compare_all(known, data, options.ablate, [&](std::size_t done) {
        if (report) report(static_cast<double>(done), static_cast<double>(known.size()));
      });
  progress.end();
  Output out = standard_output();
  if (options.json) {
    out.append(to_text(published_json(tables)));
  } else if (options.markdown && !options.quiet) {
    write_published_markdown(out, tables);
  } else if (!options.quiet) {
    write_published_text(out, tables, options.every_row);
  }
  out.flush();
  const bool all_hold = std::ranges::all_of(tables, [](const published::PublishedTable& table) {
    return published::holds(table.comparison);
  });
  return all_hold ? done : check_failed;
}

}  // namespace pipesim::cli

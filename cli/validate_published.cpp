#include "cli/validate_published.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/exit_code.hpp"
#include "cli/progress.hpp"
#include "cli/standard_output.hpp"
#include "reports/json_text.hpp"
#include "reports/published_json.hpp"
#include "reports/published_markdown.hpp"
#include "reports/published_text.hpp"
#include "sim/published/tables.hpp"

namespace pipesim::cli {

CLI::Option* add_published_options(CLI::App& command, PublishedOptions& options) {
  CLI::Option* asked = command.add_flag("--published", options.asked,
                                        "Instead: hold published figures against predicted ones");
  command
      .add_option("--published-data", options.folder,
                  "Read figures from the CSV files of a folder, where it has them")
      ->needs(asked)
      ->type_name("DIR");
  command
      .add_flag("--ablate", options.ablate,
                "With --published: the errors of times without parts of the model, too")
      ->needs(asked);
  CLI::Option* verbose =
      command
          .add_flag("--verbose", options.every_row, "With --published: every row of long tables")
          ->needs(asked);
  command.add_flag("--markdown", options.markdown, "With --published: print docs/fidelity.md")
      ->needs(asked)
      ->excludes(verbose);
  return asked;
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

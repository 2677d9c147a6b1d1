#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/commands/commands.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "reports/schema/known_names.hpp"
#include "reports/text/display_width.hpp"
#include "reports/text/json_text.hpp"
#include "reports/text/text_table.hpp"

namespace pipesim::cli {

namespace {

constexpr std::pair<std::string_view, NameList> lists[] = {
    {"schedules", NameList::schedules},
    {"models", NameList::model_kinds},
    {"devices", NameList::devices},
    {"interconnects", NameList::interconnects},
};

// "…; also GPipe, AFAB"
std::string description(const KnownName& entry) {
  if (entry.aliases.empty()) return entry.description;
  return fmt::format("{}; also {}", entry.description, fmt::join(entry.aliases, ", "));
}

int list_command(bool as_json) {
  Output out = standard_output();
  nlohmann::ordered_json json;
  std::size_t width = 0;  // The same in all sections.
  for (const auto& [title, list] : lists) {
    for (const KnownName& entry : known_names(list)) {
      json[std::string(title)].push_back({{"name", entry.name}, {"about", entry.description}});
      if (list == NameList::schedules) json[std::string(title)].back()["aliases"] = entry.aliases;
      width = std::max(width, display_width(entry.name));
    }
  }
  for (const auto& [title, list] : lists) {
    if (as_json) break;
    out.append(fmt::format("{}\n", title));
    TextTable table{
        .columns = {{"", width, true}, {"", 0, true}}, .gap = 1, .indent = 2, .has_header = false};
    for (const KnownName& entry : known_names(list)) {
      table.rows.push_back({.cells = {entry.name, description(entry)}});
    }
    write_text_table(out, table);
  }
  if (as_json) out.append(to_text(json));
  out.flush();
  return done;
}

}  // namespace

Command declare_list() {
  auto as_json = std::make_shared<bool>(false);
  Command command{.name = "list",
                  .description = "The known schedules, models, devices and interconnects",
                  .run = [as_json] { return list_command(*as_json); }};
  command.options.push_back(
      {.name = "--json", .into = as_json.get(), .description = "Print one JSON object"});
  command.footer =
      "Of a schedule the other names stand for it wherever it is named, in any spelling: 1F1B,\n"
      "Interleaved1F1B and ScheduleZBVZeroBubble as torch.distributed.pipelining has them, zb-h1.";
  return command;
}

}  // namespace pipesim::cli

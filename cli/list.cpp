#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/standard_output.hpp"
#include "reports/known_names.hpp"
#include "reports/summary_json.hpp"

namespace pipesim::cli {

namespace {

constexpr std::pair<std::string_view, NameList> lists[] = {
    {"schedules", NameList::schedules},
    {"models", NameList::model_kinds},
    {"devices", NameList::devices},
    {"interconnects", NameList::interconnects},
};

int list_command(bool as_json) {
  Output out = standard_output();
  nlohmann::ordered_json json;
  for (const auto& [title, list] : lists) {
    fmt::memory_buffer text;
    fmt::format_to(std::back_inserter(text), "{}\n", title);
    for (const KnownName& entry : known_names(list)) {
      fmt::format_to(std::back_inserter(text), "  {:<16} {}\n", entry.name, entry.about);
      json[std::string(title)].push_back({{"name", entry.name}, {"about", entry.about}});
    }
    if (!as_json) out.append(fmt::to_string(text));
  }
  if (as_json) out.append(to_text(json));
  out.flush();
  return done;
}

}  // namespace

void add_list(CLI::App& application, Action& action) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command =
      application.add_subcommand("list", "The known schedules, models, devices and interconnects");
  command->add_flag("--json", *as_json, "Print one JSON object");
  command->callback([as_json, &action] { action = [as_json] { return list_command(*as_json); }; });
}

}  // namespace pipesim::cli

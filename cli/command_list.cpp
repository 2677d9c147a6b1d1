#include "cli/command_list.hpp"

#include <CLI/CLI.hpp>

namespace pipesim::cli {

namespace {

// Those between the braces of "TEXT:{gpipe,1f1b}", which is how IsMember describes itself.
std::vector<std::string> words_in(const std::string& type) {
  const auto open = type.find('{');
  const auto close = type.find('}');
  if (open == type.npos || close == type.npos) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

}  // namespace

KnownOption known_option(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  KnownOption known{.name = option.get_positional() ? option.get_name(true, false)
                                                    : "--" + option.get_lnames().front(),
                    .about = option.get_description(),
                    .words = words_in(type),
                    .preset = option.get_default_str()};
  if (option.get_items_expected_max() > 0) known.value = type.substr(0, type.find(':'));
  return known;
}

std::vector<KnownCommand> command_list(const CLI::App& application) {
  const auto any = [](const CLI::App*) { return true; };
  std::vector<KnownCommand> commands;
  for (const CLI::App* command : application.get_subcommands(any)) {
    const bool inherits_footer = command->get_footer() == application.get_footer();
    KnownCommand& known =
        commands.emplace_back(KnownCommand{.name = command->get_name(),
                                           .about = command->get_description(),
                                           .footer = inherits_footer ? "" : command->get_footer()});
    for (const CLI::Option* option : command->get_options()) {
      if (option == command->get_help_ptr() || option == command->get_version_ptr()) continue;
      known.options.push_back(known_option(*option));
    }
  }
  return commands;
}

}  // namespace pipesim::cli

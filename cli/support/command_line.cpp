#include "cli/support/command_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>

#include "cli/support/argument_error.hpp"

namespace pipesim::cli {

namespace {

constexpr const char* hidden = "";  // A group of options that the help leaves out.

CLI::Option* add_to(CLI::App& parser, const Option& option) {
  if (auto* const* flag = std::get_if<bool*>(&option.into)) {
    return parser.add_flag(option.name, **flag, option.description);
  }
  return std::visit(
      [&](auto* into) { return parser.add_option(option.name, *into, option.description); },
      option.into);
}

// Throws what is wrong with one value; the text is what the help says of the type.
CLI::Validator check_of(const Option& option) {
  if (!option.words.empty()) {
    return CLI::Validator(
        [&option](std::string& value) {
          if (option.canonical) value = option.canonical(value);
          if (!std::ranges::count(option.words, value)) throw unknown_word(option, value);
          return std::string{};
        },
        fmt::format("{{{}}}", fmt::join(option.words, ",")));
  }
  return CLI::Validator(
      [&option](std::string& value) {
        int number = 0;
        const bool reads = CLI::detail::lexical_cast(value, number);
        if (!reads || number < option.least || number > option.most) {
          throw out_of_range(option, value);
        }
        return std::string{};
      },
      fmt::format("INT in [{} - {}]", option.least, option.most));
}

bool is_number(const Option& option) {
  return std::holds_alternative<int*>(option.into) ||
         std::holds_alternative<std::optional<int>*>(option.into);
}

void declare(CLI::App& parser, const Option& option) {
  CLI::Option* declared = add_to(parser, option);
  if (option.takes_value() && (option.value != "TEXT" || is_number(option))) {
    declared->type_name(option.value);
  }
  if (option.is_argument()) declared->required();
  if (option.shows_default) declared->capture_default_str();
  if (option.once_each) declared->allow_extra_args(false);
  if (option.separator != '\0') declared->delimiter(option.separator);
  if (option.canonical) {
    declared->transform(check_of(option));
  } else if (!option.words.empty() || is_number(option)) {
    declared->check(check_of(option));
  }
}

void declare(CLI::App& application, const Command& command, const std::string& version) {
  CLI::App* parser = application.add_subcommand(command.name, command.description);
  for (const Option& option : command.options) declare(*parser, option);
  for (const Option& option : command.options) {
    CLI::Option* declared = parser->get_option(option.name);
    for (const std::string& other : option.needs) declared->needs(parser->get_option(other));
    for (const std::string& other : option.excludes) declared->excludes(parser->get_option(other));
  }
  if (!command.footer.empty()) parser->footer(command.footer);
  parser->set_version_flag("--version", version)->group(hidden);
}

Given given_of(const CLI::App& parser, const Command& command) {
  Given given{.command = &command, .options = {}, .not_taken = parser.remaining(true)};
  for (const Option& option : command.options) {
    const CLI::Option* declared = parser.get_option(option.name);
    if (declared->count() > 0) given.options.push_back({&option, declared->results()});
  }
  return given;
}

void tell_order(const CLI::App& parser, const Command& command) {
  if (!command.on_order) return;
  std::vector<std::string> names;
  for (const CLI::Option* option : parser.parse_order()) names.push_back(option->get_name());
  command.on_order(names);
}

// What the library finds wrong with options that stand together; values are checked before.
InputError error_of(const CLI::ParseError& error, const Given& given,
                    const std::vector<std::string>& arguments) {
  switch (static_cast<CLI::ExitCodes>(error.get_exit_code())) {
    case CLI::ExitCodes::ExtrasError:
      return unexpected_argument(given, arguments);
    case CLI::ExitCodes::RequiredError:
      return missing_argument(given);
    case CLI::ExitCodes::RequiresError:
    case CLI::ExitCodes::ExcludesError:
      return bad_company(given);
    case CLI::ExitCodes::ArgumentMismatch:
      return bad_count(given, arguments);
    default:
      return unwanted_value(given, arguments);
  }
}

}  // namespace

Request read_command_line(const Application& application,
                          const std::vector<std::string>& arguments) {
  check_command(application, arguments);
  CLI::App parser{application.description};
  parser.name(application.name);
  parser.set_version_flag("--version", application.version);
  parser.require_subcommand(1);
  parser.footer(application.footer);
  for (const Command& command : application.commands) declare(parser, command, application.version);
  const auto asked = [&]() -> const Command& {
    return *std::ranges::find(application.commands, arguments.front(), &Command::name);
  };
  try {
    parser.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::Success& help_or_version) {
    std::ostringstream text;
    parser.exit(help_or_version, text, text);
    return {.text = text.str()};
  } catch (const CLI::ParseError& error) {
    const Command& command = asked();
    throw error_of(error, given_of(*parser.get_subcommand(command.name), command), arguments);
  }
  const Command& command = asked();
  tell_order(*parser.get_subcommand(command.name), command);
  return {.command = &command};
}

}  // namespace pipesim::cli

#include "cli/argument_error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command_list.hpp"
#include "models/quoted_text.hpp"
#include "reports/config_settings.hpp"

namespace pipesim::cli {

namespace {

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

bool is_option(std::string_view argument) {
  return argument.starts_with("-") && argument != "-";
}

std::vector<std::string> command_names(const CLI::App& application) {
  std::vector<std::string> names;
  for (const CLI::App* command : application.get_subcommands({})) {
    names.push_back(command->get_name());
  }
  return names;
}

InputError of_option(const KnownOption& option, std::string_view problem, std::string_view got,
                     std::string_view hint) {
  return InputError(fmt::format("{}: /: {}, got {}", option.name, problem, abridged(got)), hint);
}

// "--out DIR: Write all of them here"
std::string usage(const KnownOption& option) {
  const std::string value =
      option.words.empty() ? option.value : fmt::format("{}", fmt::join(option.words, "|"));
  if (option.is_positional()) return fmt::format("{}: {}", option.name, option.about);
  return fmt::format("{}{}{}: {}", option.name, value.empty() ? "" : " ", value, option.about);
}

// As it stood on the command line.
std::string shown(const CLI::Option& option) {
  const KnownOption known = known_option(option);
  if (known.value.empty()) return known.name;
  return fmt::format("{} {}", known.name, fmt::join(option.results(), " "));
}

const CLI::Option* find_option(const CLI::App& command, std::string_view name) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_name() == name) return option;
  }
  return nullptr;
}

// The library's messages begin with the name of the option at fault, or have it behind this.
const CLI::Option* option_at_fault(const CLI::App& command, std::string_view message) {
  constexpr std::string_view conversion = "Could not convert: ";
  if (message.starts_with(conversion)) message.remove_prefix(conversion.size());
  return find_option(command, message.substr(0, message.find_first_of(": ")));
}

InputError unknown_word(const CLI::Option& option, const KnownOption& known) {
  std::string word;
  for (const std::string& given : option.results()) {
    if (!contains(known.words, given)) word = given;
  }
  return of_option(known, "is not known", word.empty() ? "nothing" : word,
                   suggestion(word, known.name + " takes", known.words));
}

// "--steps: Value 0 not in range 1 to 100000"
InputError out_of_range(const KnownOption& known, std::string_view message) {
  constexpr std::string_view before = "Value ";
  constexpr std::string_view between = " not in range ";
  const auto value = message.find(before) + before.size();
  const auto range = message.rfind(between);
  if (range == message.npos) return of_option(known, "is not valid", message, usage(known));
  return of_option(
      known, fmt::format("must be a whole number from {}", message.substr(range + between.size())),
      message.substr(value, range - value), usage(known));
}

InputError bad_value(const CLI::Option& option, const KnownOption& known,
                     std::string_view message) {
  if (known.value.empty()) {
    return of_option(known, "takes no value", fmt::format("{}", fmt::join(option.results(), " ")),
                     fmt::format("write {} alone, or leave it out", known.name));
  }
  return known.words.empty() ? out_of_range(known, message) : unknown_word(option, known);
}

InputError bad_count(const CLI::Option& option, const KnownOption& known) {
  if (option.count() < 2) return of_option(known, "needs a value", "nothing", usage(known));
  return of_option(known, "may be given once",
                   fmt::format("{}", fmt::join(option.results(), " and ")),
                   "give only one of them");
}

InputError missing_argument(const CLI::App& command, const KnownOption& known) {
  const std::string shown =
      known.words.empty() ? known.name : fmt::format("{}", fmt::join(known.words, "|"));
  return InputError(fmt::format("command line: /: {} is required, got nothing", known.name),
                    fmt::format("pipesim {} {}: {}", command.get_name(), shown, known.about));
}

// "--published-data requires --published", "--json excludes --markdown"
InputError bad_company(const CLI::App& command, const CLI::Option& option, const KnownOption& known,
                       std::string_view message) {
  const std::string other(message.substr(message.rfind(' ') + 1));
  if (message.find(" excludes ") != message.npos) {
    return of_option(known, fmt::format("cannot stand beside {}", other), "both",
                     "give only one of the two");
  }
  const CLI::Option* needed = find_option(command, other);
  return of_option(known, fmt::format("needs {} beside it", other), shown(option),
                   needed == nullptr ? "give both" : usage(known_option(*needed)));
}

// Arguments that no option takes, in the order in which they stand.
std::vector<std::string> unexpected(const CLI::App& application,
                                    const std::vector<std::string>& arguments) {
  std::vector<std::string> left = application.remaining(true);
  std::vector<std::string> found;
  for (const std::string& argument : arguments) {
    const auto at = std::ranges::find(left, argument);
    if (at == left.end()) continue;
    found.push_back(*at);
    left.erase(at);
  }
  return found;
}

// Without its dashes and its value.
std::string bare_name(const std::string& option) {
  const std::string name = option.substr(0, option.find('='));
  return name.substr(std::min(name.size(), name.find_first_not_of('-')));
}

// "--set pipeline.stages=4" for "--stages 4" or "pipeline.stages=4"; else nothing.
std::string as_setting(const CLI::App& command, const std::vector<std::string>& extra) {
  if (find_option(command, "--set") == nullptr) return "";
  const std::string& first = extra.front();
  const auto equals = first.find('=');
  if (!is_option(first)) return equals == first.npos ? "" : "--set " + abridged(first);
  std::string key = bare_name(first);
  std::ranges::replace(key, '-', '_');
  for (const Setting& setting : config_settings()) {
    if (!("." + setting.path).ends_with("." + key)) continue;
    const std::string value = equals != first.npos ? first.substr(equals + 1)
                              : extra.size() > 1   ? extra[1]
                                                   : "VALUE";
    return fmt::format("--set {}={}", setting.path, abridged(value));
  }
  return "";
}

// The option that an unexpected argument was probably meant to be, or nothing.
std::string nearest_option(const CLI::App& command, const std::string& argument) {
  if (!argument.starts_with("--")) return "";
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    const std::vector<std::string>& own = option->get_lnames();
    names.insert(names.end(), own.begin(), own.end());
  }
  const std::string near = closest(bare_name(argument), names);
  return near.empty() ? "" : "--" + near;
}

// "pipesim simulate takes one CONFIG"
std::string arguments_of(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    return fmt::format("pipesim {} takes one {}", command.get_name(),
                       option->get_name(true, false));
  }
  return fmt::format("pipesim {} takes options only", command.get_name());
}

InputError unexpected_argument(const CLI::App& command, const std::vector<std::string>& extra) {
  const std::string& first = extra.front();
  std::string hint;
  std::string meant = as_setting(command, extra);
  if (meant.empty()) meant = nearest_option(command, first);
  if (!meant.empty()) {
    hint = fmt::format("did you mean {}? ", meant);
  } else if (!is_option(first)) {
    hint = arguments_of(command) + "; ";
  }
  hint += fmt::format("pipesim {} --help lists the options", command.get_name());
  if (find_option(command, "--set") != nullptr) {
    hint += "; values of a config are set with --set, such as --set pipeline.schedule=1f1b";
  }
  return InputError(fmt::format("command line: /: holds {} that pipesim {} does not take, got {}",
                                is_option(first) ? "an option" : "an argument", command.get_name(),
                                abridged(fmt::format("{}", fmt::join(extra, " ")))),
                    hint);
}

// An option that is not pipesim's own where the command belongs.
InputError option_before_command(const CLI::App& application,
                                 const std::vector<std::string>& arguments) {
  const std::string& first = arguments.front();
  const std::vector<std::string> names = command_names(application);
  const auto command = std::ranges::find_first_of(arguments, names);
  if (command != arguments.end()) {
    return InputError(
        fmt::format("command line: /: must begin with the command, got {}", abridged(first)),
        fmt::format("options stand behind it: pipesim {} {} …", *command, abridged(first)));
  }
  const std::string near =
      first == "-V" || first == "-v" ? "version" : closest(bare_name(first), {"help", "version"});
  return InputError(
      fmt::format("command line: /: must begin with a command, got {}", abridged(first)),
      fmt::format("{}commands: {}; pipesim --help tells more",
                  near.empty() ? "" : fmt::format("did you mean --{}? ", near),
                  fmt::join(names, ", ")));
}

}  // namespace

void check_command(const CLI::App& application, const std::vector<std::string>& arguments) {
  const std::string first = arguments.empty() ? "" : arguments.front();
  const std::vector<std::string> names = command_names(application);
  if (contains(names, first)) return;
  if (contains({"-h", "--help", "--version"}, first)) return;
  if (is_option(first)) throw option_before_command(application, arguments);
  throw InputError(fmt::format("command line: /: must begin with a command, got {}",
                               first.empty() ? "nothing" : abridged(first)),
                   suggestion(first, "commands", names) + "; pipesim --help tells more");
}

InputError argument_error(const CLI::App& application, const std::vector<std::string>& arguments,
                          const CLI::ParseError& error) {
  using CLI::ExitCodes;
  const std::string_view message = error.what();
  const auto code = static_cast<ExitCodes>(error.get_exit_code());
  const std::vector<const CLI::App*> commands =
      application.get_subcommands([](const CLI::App* command) { return command->parsed(); });
  const CLI::App* command = commands.empty() ? nullptr : commands.front();
  if (command != nullptr && code == ExitCodes::ExtrasError) {
    const std::vector<std::string> extra = unexpected(application, arguments);
    if (!extra.empty()) return unexpected_argument(*command, extra);
  }
  const CLI::Option* option = command == nullptr ? nullptr : option_at_fault(*command, message);
  if (option != nullptr) {
    const KnownOption known = known_option(*option);
    switch (code) {
      case ExitCodes::RequiredError:
        return missing_argument(*command, known);
      case ExitCodes::ArgumentMismatch:
        return bad_count(*option, known);
      case ExitCodes::RequiresError:
      case ExitCodes::ExcludesError:
        return bad_company(*command, *option, known, message);
      default:
        return bad_value(*option, known, message);
    }
  }
  return InputError(fmt::format("command line: /: {}, got {}", abridged(message),
                                abridged(fmt::format("{}", fmt::join(arguments, " ")))),
                    "pipesim --help lists the commands, pipesim COMMAND --help their options");
}

}  // namespace pipesim::cli

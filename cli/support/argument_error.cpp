#include "cli/support/argument_error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "models/base/quoted_text.hpp"
#include "reports/schema/config_settings.hpp"

namespace pipesim::cli {

namespace {

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

bool is_option(std::string_view argument) {
  return argument.starts_with("-") && argument != "-";
}

std::vector<std::string> command_names(const Application& application) {
  std::vector<std::string> names;
  for (const Command& command : application.commands) names.push_back(command.name);
  return names;
}

InputError of_option(const Option& option, std::string_view problem, std::string_view got,
                     std::string_view hint) {
  return InputError(fmt::format("{}: /: {}, got {}", option.name, problem, abridged(got)), hint);
}

// "--out DIR: Write all of them here"
std::string usage(const Option& option) {
  if (option.is_argument() || !option.takes_value()) {
    return fmt::format("{}: {}", option.name, option.description);
  }
  const std::string value =
      option.words.empty() ? option.value : fmt::format("{}", fmt::join(option.words, "|"));
  return fmt::format("{} {}: {}", option.name, value, option.description);
}

using GivenOption = std::pair<const Option*, std::vector<std::string>>;

// As it stood on the command line.
std::string shown(const GivenOption& given) {
  const auto& [option, values] = given;
  if (!option->takes_value()) return option->name;
  return fmt::format("{} {}", option->name, fmt::join(values, " "));
}

bool is_given(const Given& given, std::string_view name) {
  return std::ranges::any_of(given.options,
                             [&](const GivenOption& option) { return option.first->name == name; });
}

bool exclude_each_other(const Option& a, const Option& b) {
  return contains(a.excludes, b.name) || contains(b.excludes, a.name);
}

InputError unreadable(const std::vector<std::string>& arguments) {
  return InputError(fmt::format("command line: /: can't be read, got {}",
                                abridged(fmt::format("{}", fmt::join(arguments, " ")))),
                    "pipesim --help lists the commands, pipesim COMMAND --help their options");
}

// Arguments that no option takes, in the order in which they stand.
std::vector<std::string> unexpected(const Given& given, const std::vector<std::string>& arguments) {
  std::vector<std::string> left = given.not_taken;
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
std::string as_setting(const Command& command, const std::vector<std::string>& extra) {
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
std::string nearest_option(const Command& command, const std::string& argument) {
  if (!argument.starts_with("--")) return "";
  std::vector<std::string> names{"help", "version"};
  for (const Option& option : command.options) {
    if (!option.is_argument()) names.push_back(bare_name(option.name));
  }
  const std::string near = closest(bare_name(argument), names);
  return near.empty() ? "" : "--" + near;
}

// "pipesim simulate takes one CONFIG"
std::string arguments_of(const Command& command) {
  for (const Option& option : command.options) {
    if (!option.is_argument()) continue;
    return fmt::format("pipesim {} takes one {}", command.name, option.name);
  }
  return fmt::format("pipesim {} takes options only", command.name);
}

// An option that is not pipesim's own where the command belongs.
InputError option_before_command(const Application& application,
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

void check_command(const Application& application, const std::vector<std::string>& arguments) {
  const std::string first = arguments.empty() ? "" : arguments.front();
  const std::vector<std::string> names = command_names(application);
  if (contains(names, first)) return;
  if (contains({"-h", "--help", "--version"}, first)) return;
  if (is_option(first)) throw option_before_command(application, arguments);
  throw InputError(fmt::format("command line: /: must begin with a command, got {}",
                               first.empty() ? "nothing" : abridged(first)),
                   suggestion(first, "commands", names) + "; pipesim --help tells more");
}

InputError unknown_word(const Option& option, const std::string& value) {
  return of_option(option, "is not known", value.empty() ? "nothing" : value,
                   suggestion(value, option.name + " takes", option.words));
}

InputError out_of_range(const Option& option, const std::string& value) {
  return of_option(option,
                   fmt::format("must be a whole number from {} to {}", option.least, option.most),
                   value, usage(option));
}

InputError bad_count(const Given& given, const std::vector<std::string>& arguments) {
  for (const auto& [option, values] : given.options) {
    const bool takes_several = std::holds_alternative<std::vector<std::string>*>(option->into);
    if (takes_several || values.size() < 2) continue;
    return of_option(*option, "may be given once", fmt::format("{}", fmt::join(values, " and ")),
                     "give only one of them");
  }
  for (const std::string& argument : arguments) {
    const Option* option = find_option(*given.command, argument);
    if (option == nullptr || !option->takes_value() || is_given(given, argument)) continue;
    return of_option(*option, "needs a value", "nothing", usage(*option));
  }
  return unwanted_value(given, arguments);
}

InputError unwanted_value(const Given& given, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const auto equals = argument.find('=');
    if (equals == argument.npos) continue;
    const Option* option = find_option(*given.command, argument.substr(0, equals));
    if (option == nullptr || option->takes_value()) continue;
    return of_option(*option, "takes no value", argument.substr(equals + 1),
                     fmt::format("write {} alone, or leave it out", option->name));
  }
  return unreadable(arguments);
}

InputError missing_argument(const Given& given) {
  for (const Option& option : given.command->options) {
    if (!option.is_argument() || is_given(given, option.name)) continue;
    const std::string shown =
        option.words.empty() ? option.name : fmt::format("{}", fmt::join(option.words, "|"));
    return InputError(
        fmt::format("command line: /: {} is required, got nothing", option.name),
        fmt::format("pipesim {} {}: {}", given.command->name, shown, option.description));
  }
  return unreadable({given.command->name});
}

InputError bad_company(const Given& given) {
  for (const GivenOption& one : given.options) {
    const Option& option = *one.first;
    for (const std::string& other : option.needs) {
      if (is_given(given, other)) continue;
      return of_option(option, fmt::format("needs {} beside it", other), shown(one),
                       usage(*find_option(*given.command, other)));
    }
    for (const GivenOption& other : given.options) {
      if (!exclude_each_other(option, *other.first)) continue;
      return of_option(option, fmt::format("cannot stand beside {}", other.first->name), "both",
                       "give only one of the two");
    }
  }
  return unreadable({given.command->name});
}

InputError unexpected_argument(const Given& given, const std::vector<std::string>& arguments) {
  const Command& command = *given.command;
  const std::vector<std::string> extra = unexpected(given, arguments);
  if (extra.empty()) return unreadable(arguments);
  const std::string& first = extra.front();
  std::string hint;
  std::string meant = as_setting(command, extra);
  if (meant.empty()) meant = nearest_option(command, first);
  if (!meant.empty()) {
    hint = fmt::format("did you mean {}? ", meant);
  } else if (!is_option(first)) {
    hint = arguments_of(command) + "; ";
  }
  hint += fmt::format("pipesim {} --help lists the options", command.name);
  if (find_option(command, "--set") != nullptr) {
    hint += "; values of a config are set with --set, such as --set pipeline.schedule=1f1b";
  }
  return InputError(fmt::format("command line: /: holds {} that pipesim {} does not take, got {}",
                                is_option(first) ? "an option" : "an argument", command.name,
                                abridged(fmt::format("{}", fmt::join(extra, " ")))),
                    hint);
}

}  // namespace pipesim::cli

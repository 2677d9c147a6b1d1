#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

#include "cli/shell/completion_scripts.hpp"

namespace pipesim::cli {

namespace {

// Inside single quotes, and inside the brackets and colons of a specification.
std::string in_zsh_quotes(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_values(const Option& option) {
  if (!option.words.empty()) return fmt::format("({})", fmt::join(option.words, " "));
  if (option.value == "KEY=VALUE") return "_pipesim_set";
  if (option.value == "FILE") return "_files";
  if (option.value == "DIR") return "_files -/";
  return option.name == "CONFIG" ? "_files -g \"*.json(-.)\"" : " ";
}

std::string specification(const Option& option) {
  if (option.is_argument()) {
    return fmt::format("1:{}:{}", option.name, zsh_values(option));
  }
  const bool repeats = option.value == "KEY=VALUE";
  std::string text =
      fmt::format("{}{}[{}]", repeats ? "*" : "", option.name, in_zsh_quotes(option.description));
  if (option.takes_value()) {
    text += fmt::format(":{}:{}", in_zsh_quotes(option.value), zsh_values(option));
  }
  return text;
}

}  // namespace

void write_zsh_completion(Output& out, const std::vector<Command>& commands,
                          const std::vector<Setting>& settings) {
  const auto print = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out.text()), format, std::forward<Args>(args)...);
  };
  print("#compdef pipesim\n# Completes pipesim in zsh: as _pipesim in a folder of fpath.\n\n");
  print("_pipesim_set() {{\n  local -a keys values\n  if compset -P '*='; then\n");
  print("    case ${{IPREFIX%=}} in\n");
  for (const Setting& setting : settings) {
    if (setting.values.empty()) continue;
    print("      *{}) values=({}) ;;\n", setting.path, fmt::join(setting.values, " "));
  }
  print("    esac\n    compadd -a values\n  else\n    keys=(\n");
  for (const Setting& setting : settings) {
    print("      '{}:{}'\n", setting.path, in_zsh_quotes(setting.description));
  }
  print("    )\n    _describe key keys -S =\n  fi\n}}\n\n");
  print("_pipesim() {{\n  local context state line\n  typeset -A opt_args\n");
  print("  _arguments -C '(- *)--help[Print help]' '(- *)--version[Print the version]' \\\n");
  print("    '1:command:->command' '*::argument:->argument'\n  case $state in\n    command)\n");
  print("      local -a commands=(\n");
  for (const Command& command : commands) {
    print("        '{}:{}'\n", command.name, in_zsh_quotes(command.description));
  }
  print("      )\n      _describe command commands ;;\n    argument)\n      case $words[1] in\n");
  for (const Command& command : commands) {
    print("        {})\n          _arguments '(- *)--help[Print help]'", command.name);
    for (const Option& option : command.options) {
      print(" \\\n            '{}'", specification(option));
    }
    print(" ;;\n");
  }
  print("      esac ;;\n  esac\n}}\n\n");
  print("if [[ $funcstack[1] == _pipesim ]]; then\n  _pipesim \"$@\"\nelse\n");
  print("  compdef _pipesim pipesim\nfi\n");
}

}  // namespace pipesim::cli

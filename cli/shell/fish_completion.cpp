#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

#include "cli/shell/completion_scripts.hpp"

namespace pipesim::cli {

namespace {

std::string in_fish_quotes(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string fish_values(const Option& option) {
  if (!option.words.empty()) {
    return fmt::format(" -x -a {}",
                       in_fish_quotes(fmt::format("{}", fmt::join(option.words, " "))));
  }
  if (!option.takes_value()) return "";
  if (option.value == "KEY=VALUE") return " -x -a '(__pipesim_settings)'";
  if (option.value == "FILE") return " -r -F";
  if (option.value == "DIR") return " -x -a '(__fish_complete_directories)'";
  return " -x";
}

}  // namespace

void write_fish_completion(Output& out, const std::vector<Command>& commands,
                           const std::vector<Setting>& settings) {
  const auto print = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out.text()), format, std::forward<Args>(args)...);
  };
  print("# Completes pipesim in fish: as pipesim.fish in ~/.config/fish/completions.\n\n");
  print("function __pipesim_settings\n");
  for (const Setting& setting : settings) {
    if (setting.values.empty()) {
      print("  printf '%s\\t%s\\n' {}= {}\n", setting.path, in_fish_quotes(setting.description));
    } else {
      print("  printf '%s\\n' {}={}\n", setting.path,
            fmt::join(setting.values, fmt::format(" {}=", setting.path)));
    }
  }
  print("end\n\ncomplete -c pipesim -f\n");
  print("complete -c pipesim -s h -l help -d 'Print help'\n");
  print("complete -c pipesim -n __fish_use_subcommand -l version -d 'Print the version'\n");
  for (const Command& command : commands) {
    print("\ncomplete -c pipesim -n __fish_use_subcommand -a {} -d {}\n", command.name,
          in_fish_quotes(command.description));
    const std::string here =
        fmt::format("complete -c pipesim -n '__fish_seen_subcommand_from {}'", command.name);
    for (const Option& option : command.options) {
      if (!option.is_argument()) {
        print("{} -l {}{} -d {}\n", here, option.name.substr(2), fish_values(option),
              in_fish_quotes(option.description));
      } else if (option.words.empty()) {
        print("{} -k -a '(__fish_complete_suffix .json)'\n", here);
      } else {
        print("{}{}\n", here, fish_values(option));
      }
    }
  }
}

}  // namespace pipesim::cli

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

#include "cli/shell/completion_scripts.hpp"

namespace pipesim::cli {

namespace {

// The part that is the same whatever the commands are. Bash breaks words at "=", unless told
// otherwise: they are put together first, and what stands before it is not answered again.
constexpr std::string_view logic = R"sh(
_pipesim_reply() {
  mapfile -t COMPREPLY < <(compgen "$@")
}

_pipesim() {
  local words=() word glue= i cur prev command kind
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((i > 1)) && [[ $word == '=' || ( -n $glue && -n $word ) ]]; then
      words[${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    glue=
    [[ $word == '=' ]] && glue=1
  done
  cur=${words[${#words[@]}-1]}
  prev=${words[${#words[@]}-2]}
  if ((${#words[@]} <= 2)); then
    _pipesim_reply -W "$_pipesim_commands --help --version" -- "$cur"
    return
  fi
  command=${words[1]}
  local option=$prev value=$cur
  if [[ $cur == --*=* ]]; then
    option=${cur%%=*} value=${cur#*=}
  fi
  kind=$(_pipesim_value "$command:$option")
  if [[ -z $kind ]]; then
    if [[ $cur == -* ]]; then
      _pipesim_reply -W "$(_pipesim_options "$command") --help" -- "$cur"
      return
    fi
    kind=$(_pipesim_value "$command:")
  fi
  COMPREPLY=()
  case $kind in
    '' | N | LIST) return ;;
    KEY=VALUE) _pipesim_set "$value" ;;
    CONFIG | FILE | DIR) _pipesim_file "$kind" "$value" ;;
    *) _pipesim_reply -W "$kind" -- "$value" ;;
  esac
}

_pipesim_set() {
  if [[ $1 != *=* ]]; then
    _pipesim_reply -S = -W "$_pipesim_keys" -- "$1"
    compopt -o nospace 2>/dev/null
    return
  fi
  _pipesim_reply -W "$(_pipesim_setting "${1%%=*}")" -- "${1#*=}"
  [[ $COMP_WORDBREAKS == *=* ]] || COMPREPLY=("${COMPREPLY[@]/#/${1%%=*}=}")
}

_pipesim_file() {
  compopt -o filenames 2>/dev/null
  case $1 in
    FILE) _pipesim_reply -f -- "$2" ;;
    DIR) _pipesim_reply -d -- "$2" ;;
    CONFIG) mapfile -t COMPREPLY < <(compgen -f -X '!*.json' -- "$2"; compgen -d -- "$2") ;;
  esac
}

complete -F _pipesim pipesim
)sh";

// What an option takes: its words, or the name of what it takes.
std::string value_of(const Option& option) {
  if (!option.words.empty()) return fmt::format("{}", fmt::join(option.words, " "));
  return option.is_argument() ? option.name : option.value;
}

}  // namespace

void write_bash_completion(Output& out, const std::vector<Command>& commands,
                           const std::vector<Setting>& settings) {
  const auto print = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out.text()), format, std::forward<Args>(args)...);
  };
  print("# Completes pipesim in bash: source <(pipesim completion bash)\n_pipesim_commands='");
  for (const Command& command : commands) print("{} ", command.name);
  print("'\n_pipesim_keys='");
  for (const Setting& setting : settings) print("{} ", setting.path);
  print("'\n\n_pipesim_options() {{\n  case $1 in\n");
  for (const Command& command : commands) {
    print("    {}) echo '", command.name);
    for (const Option& option : command.options) {
      if (!option.is_argument()) print("{} ", option.name);
    }
    print("' ;;\n");
  }
  print("  esac\n}}\n\n_pipesim_value() {{\n  case $1 in\n");
  for (const Command& command : commands) {
    for (const Option& option : command.options) {
      if (!option.takes_value()) continue;
      print("    {}:{}) echo '{}' ;;\n", command.name, option.is_argument() ? "" : option.name,
            value_of(option));
    }
  }
  print("  esac\n}}\n\n_pipesim_setting() {{\n  case $1 in\n");
  for (const Setting& setting : settings) {
    if (setting.values.empty()) continue;
    print("    {}) echo '{}' ;;\n", setting.path, fmt::join(setting.values, " "));
  }
  print("  esac\n}}\n");
  out.append(logic);
}

}  // namespace pipesim::cli

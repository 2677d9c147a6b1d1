#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pipesim::cli {

/// Where the values of an option go. The type says what the option takes: a bool no value, a vector
/// several, the others one.
using Destination = std::variant<bool*, int*, std::optional<int>*, std::string*,
                                 std::optional<std::string>*, std::vector<std::string>*>;

/// An option of a command, or an argument that stands without a name.
struct Option {
  std::string name{};  ///< "--set"; of an argument "CONFIG", which must be given.
  Destination into{};
  std::string description{};
  std::string value = "TEXT";                   ///< What the help calls the value: "FILE", "N".
  std::vector<std::string> words{};             ///< All values it takes, where these are few.
  int least = std::numeric_limits<int>::min();  ///< The range of a whole number.
  int most = std::numeric_limits<int>::max();
  bool shows_default = false;        ///< The help names what stands in `into` before.
  bool once_each = false;            ///< Each value needs an option of its own.
  char separator = '\0';             ///< Between several values that one option gives; '\0': none.
  std::vector<std::string> needs{};  ///< Names of options that must stand beside it.
  std::vector<std::string> excludes{};  ///< Names of options that must not.
  /// Turns a value into the form in which `words` has it.
  std::function<std::string(std::string)> canonical{};

  bool is_argument() const { return !name.starts_with("-"); }
  bool takes_value() const { return !std::holds_alternative<bool*>(into); }
};

/// What stands in an option's destination before the command line is read, where the help says so;
/// else nothing.
std::string default_text(const Option& option);

struct Command {
  std::string name{};
  std::string description{};
  std::string footer{};           ///< Behind the options in its help.
  std::vector<Option> options{};  ///< But for --help and --version, which all commands have.
  std::function<int()> run{};     ///< Returns the exit code; called when the options are read.
  /// Told the names of the options that were given, in their order.
  std::function<void(const std::vector<std::string>& names)> on_order{};
};

/// The option of this name, or nullptr.
const Option* find_option(const Command& command, std::string_view name);

struct Application {
  std::string name{};
  std::string version{};
  std::string description{};
  std::string footer{};
  std::vector<Command> commands{};  ///< In the order of the help.
};

}  // namespace pipesim::cli

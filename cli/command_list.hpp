#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pipesim::cli {

/// An option as the application declares it.
struct KnownOption {
  std::string name{};  ///< "--set"; of a positional one "CONFIG".
  std::string about{};
  std::string value{};               ///< "FILE", "N"; empty: it takes none.
  std::vector<std::string> words{};  ///< Which values it takes, where these are few.
  std::string preset{};

  bool is_positional() const { return !name.starts_with("-"); }
};

KnownOption known_option(const CLI::Option& option);

struct KnownCommand {
  std::string name{};
  std::string about{};
  std::string footer{};
  std::vector<KnownOption> options{};  ///< But for --help and --version, which all have.
};

/// The application's commands with their options, in the order of its help.
std::vector<KnownCommand> command_list(const CLI::App& application);

}  // namespace pipesim::cli

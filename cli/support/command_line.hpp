#pragma once

#include <string>
#include <vector>

#include "cli/support/grammar.hpp"

namespace pipesim::cli {

/// What the arguments ask for.
struct Request {
  const Command* command = nullptr;
  std::string text{};  ///< Without a command: the help or the version, to be printed.
};

/// Reads the arguments, without the program's name, and puts values where the options say. Throws
/// InputError, which names the option at fault, what it got, and what it takes.
Request read_command_line(const Application& application,
                          const std::vector<std::string>& arguments);

}  // namespace pipesim::cli

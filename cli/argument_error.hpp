#pragma once

#include <string>
#include <vector>

#include "models/input_error.hpp"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace pipesim::cli {

/// Throws InputError where the first argument is neither a command nor an option of pipesim itself:
/// it would otherwise be reported as a missing command.
void check_command(const CLI::App& application, const std::vector<std::string>& arguments);

/// What the parser found wrong with these arguments: the option at fault, what it got, and what it
/// takes.
InputError argument_error(const CLI::App& application, const std::vector<std::string>& arguments,
                          const CLI::ParseError& error);

}  // namespace pipesim::cli

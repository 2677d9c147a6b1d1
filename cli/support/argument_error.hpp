#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/support/grammar.hpp"
#include "models/base/input_error.hpp"

namespace pipesim::cli {

/// What a command line gave to a command.
struct Given {
  const Command* command = nullptr;
  /// Those that stood there, in the order in which the command declares them, with their values.
  std::vector<std::pair<const Option*, std::vector<std::string>>> options{};
  std::vector<std::string> not_taken{};  ///< Arguments that no option takes.
};

/// Throws InputError where the first argument is neither a command nor an option of pipesim itself.
void check_command(const Application& application, const std::vector<std::string>& arguments);

/// A value that is none of the option's words.
InputError unknown_word(const Option& option, const std::string& value);
/// A value that is not a whole number of the option's range.
InputError out_of_range(const Option& option, const std::string& value);
/// An option without its value, or with several where it takes one.
InputError bad_count(const Given& given, const std::vector<std::string>& arguments);
/// A value of an option that takes none.
InputError unwanted_value(const Given& given, const std::vector<std::string>& arguments);
/// An argument that must be given, and was not.
InputError missing_argument(const Given& given);
/// An option without one that it needs beside it, or beside one that it excludes.
InputError bad_company(const Given& given);
/// Arguments that no option takes.
InputError unexpected_argument(const Given& given, const std::vector<std::string>& arguments);

}  // namespace pipesim::cli

#include "cli/support/grammar.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pipesim::cli {

std::string default_text(const Option& option) {
  if (!option.shows_default) return "";
  if (const auto* number = std::get_if<int*>(&option.into)) return fmt::format("{}", **number);
  if (const auto* text = std::get_if<std::string*>(&option.into)) return **text;
  return "";
}

const Option* find_option(const Command& command, std::string_view name) {
  const auto found = std::ranges::find(command.options, name, &Option::name);
  return found == command.options.end() ? nullptr : &*found;
}

}  // namespace pipesim::cli

#include "cli/output/standard_output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "cli/output/progress.hpp"
#include "models/base/input_error.hpp"
#include "reports/text/output_file.hpp"

namespace pipesim::cli {

namespace {

// A variable of the environment; empty where it is not set.
std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Output standard_output(bool* reader_left) {
  return Output([reader_left, has_left = false](std::string_view text) mutable {
    if (has_left) return;
    const auto lock = hold_progress();
    const int failure = write_all(STDOUT_FILENO, text);
    has_left = failure == EPIPE;
    if (reader_left != nullptr) *reader_left = has_left;
    if (failure == 0 || has_left) return;
    throw InputError(fmt::format("<stdout>: /: cannot be written, got {}", std::strerror(failure)),
                     "send the output somewhere that has room for it");
  });
}

int terminal_width(int descriptor) {
  winsize size{};
  const bool says = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return says ? size.ws_col : 80;
}

void add_colour_option(Command& command, std::string& colour) {
  command.options.push_back({.name = "--color",
                             .into = &colour,
                             .description = "Whether the picture is coloured",
                             .value = "WHEN",
                             .words = {automatic_colour, "always", "never"},
                             .shows_default = true});
}

Colours colours_of(std::string_view colour, bool terminal) {
  const std::string_view kind = variable("TERM");
  const bool forced = !variable("CLICOLOR_FORCE").empty() && variable("CLICOLOR_FORCE") != "0";
  const bool unwanted = !variable("NO_COLOR").empty() || kind == "dumb";
  const bool automatic = !unwanted && (forced || (terminal && variable("CLICOLOR") != "0"));
  if (colour == "never" || (colour != "always" && !automatic)) return Colours::none;
  const std::string_view depth = variable("COLORTERM");
  if (depth == "truecolor" || depth == "24bit") return Colours::true_colour;
  return kind.find("256color") != kind.npos ? Colours::palette_256 : Colours::sixteen;
}

TextStyle standard_output_style(std::string_view colour) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  return {.width = terminal ? terminal_width(STDOUT_FILENO) : 0,
          .colours = colours_of(colour, terminal)};
}

}  // namespace pipesim::cli

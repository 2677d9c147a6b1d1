#pragma once

#include <string>
#include <string_view>

#include "cli/support/grammar.hpp"
#include "reports/gantt/text_gantt.hpp"
#include "reports/text/output.hpp"

namespace pipesim::cli {

/// An Output to the standard output. Once the reader has gone, what is written is dropped; any
/// other failure is an InputError.
/// `reader_left`, which must outlive it: set once that happens.
Output standard_output(bool* reader_left = nullptr);

/// Columns of the terminal behind a descriptor; 80 where it does not say.
int terminal_width(int descriptor);

/// What --color takes, and what it is by default.
inline constexpr const char* automatic_colour = "auto";
void add_colour_option(Command& command, std::string& colour);

/// The colours of what says --color, in an environment: `terminal` where the output is one.
/// CLICOLOR_FORCE asks for colours that go anywhere, NO_COLOR and TERM=dumb for none, and
/// CLICOLOR=0 for none on terminals; how many there are, COLORTERM and TERM say.
Colours colours_of(std::string_view colour, bool terminal);

/// How text looks there: as wide as the terminal, in its colours.
TextStyle standard_output_style(std::string_view colour);

}  // namespace pipesim::cli

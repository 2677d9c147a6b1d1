#pragma once

#include <vector>

#include "cli/support/grammar.hpp"
#include "reports/text/output.hpp"

namespace pipesim::cli {

/// The manual page, roff with the macros of man(7): commands and options as the application
/// declares them, keys of a config as the table has them.
void write_manual_page(Output& out, const std::vector<Command>& commands);

}  // namespace pipesim::cli

#pragma once

#include <vector>

#include "cli/support/grammar.hpp"

namespace pipesim::cli {

/// `commands`: all of the application's, which must outlive the command.
Command declare_completion(const std::vector<Command>& commands);
Command declare_manual(const std::vector<Command>& commands);

}  // namespace pipesim::cli

#pragma once

#include <vector>

#include "cli/support/grammar.hpp"
#include "reports/schema/config_settings.hpp"
#include "reports/text/output.hpp"

namespace pipesim::cli {

/// Scripts that a shell reads to complete pipesim's command line: commands, options, their words,
/// files (configs end in .json), and behind --set the keys of a config with their named values.
/// They hold no more than what they are given: nothing is asked of pipesim while completing.
void write_bash_completion(Output& out, const std::vector<Command>& commands,
                           const std::vector<Setting>& settings);
void write_zsh_completion(Output& out, const std::vector<Command>& commands,
                          const std::vector<Setting>& settings);
void write_fish_completion(Output& out, const std::vector<Command>& commands,
                           const std::vector<Setting>& settings);

}  // namespace pipesim::cli

#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pipesim::test {

/// Of a run of the binary on a terminal of its own.
struct TerminalRun {
  int columns = 80;
  std::string environment{};  ///< "TERM=dumb": before the command.
  /// `typed` is typed once the terminal shows this.
  std::string type_at{};
  char typed = '\x03';  ///< Ctrl-C
};

/// What the terminal was sent, standard output and standard error, with "\r\n" as "\n".
struct TerminalResult {
  int exit_code = 0;  ///< 128 + n when signal n ended it.
  std::string shown{};
};

/// Runs a shell command line on a terminal; `$PIPESIM` in it is the binary, and the folder that of
/// the sources.
TerminalResult run_on_terminal(const std::string& command, const TerminalRun& run = {});

/// The lines about progress that were shown, one after the other in one place, and erased; without
/// the "^C" with which a terminal answers Ctrl-C.
std::vector<std::string> progress_lines(const std::string& shown);

}  // namespace pipesim::test

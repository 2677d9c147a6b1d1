#pragma once

#include <string>
#include <vector>

namespace pipesim::test {

/// A command that a page shows, and what the page says about it.
///
/// - In a ```console block, a line `$ COMMAND` (a `\` at its end continues it) is followed by what
/// it
///   prints, both streams, in whole; a line `…` stands for any lines, `…` in a line for any text.
///   `$ echo $?` and the line behind it state the exit code. Behind the mark `<!-- measured -->` in
///   front of a block, numbers, their units and the widths of columns are free: what a machine
///   measures.
/// - In a ```sh block every line is a command; its output is not shown.
/// - Code in the text or a table that begins with `pipesim`, `build/pipesim` or `./run.sh` is one,
///   too, and a comment line of a config that does. "exit code 3" behind it says what it ends with.
/// - A command with a word in capitals (CONFIG, FILE, DIR, NAME, KEY=VALUE), and a bare `pipesim
/// NAME`
///   in the text, are patterns: of these the command must exist, and its help have the options.
struct DocumentedCommand {
  std::string text{};
  int line = 0;  ///< From 1.
  int exit_code = 0;
  bool pattern = false;
  bool shows_output = false;
  bool measured = false;
  std::vector<std::string> shown{};  ///< Lines, without blank ones at the end.
  int first_shown = 0;               ///< The line of the first.
};

/// All of a Markdown page. Throws std::runtime_error naming the line where a block that is never
/// run holds a command.
std::vector<DocumentedCommand> commands_of_page(const std::string& markdown);

/// Those in the comments of a config.
std::vector<DocumentedCommand> commands_of_config(const std::string& jsonc);

std::vector<std::string> lines_of(const std::string& text);

}  // namespace pipesim::test

#include "support/commands/terminal.hpp"

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

constexpr std::string_view erase_line = "\r\033[K";

std::string with_plain_line_ends(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\r\n") != 0) plain += text[i];
  }
  return plain;
}

[[noreturn]] void run_shell_in_sources(const std::string& line) {
  set_environment();
  if (chdir(PIPESIM_SOURCE_DIR) == 0) execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
  _exit(127);
}

}  // namespace

TerminalResult run_on_terminal(const std::string& command, const TerminalRun& run) {
  const std::string line = run.environment + " " + command;
  winsize size{};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(run.columns);
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child < 0) throw std::runtime_error("no terminal");
  if (child == 0) run_shell_in_sources(line);
  std::string shown;
  bool types = !run.type_at.empty();
  std::array<char, 4096> block{};
  for (ssize_t count = 0; (count = read(terminal, block.data(), block.size())) > 0;) {
    shown.append(block.data(), static_cast<std::size_t>(count));
    if (!types || shown.find(run.type_at) == shown.npos) continue;
    types = write(terminal, &run.typed, 1) != 1;
  }
  close(terminal);
  int status = 0;
  waitpid(child, &status, 0);
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .shown = with_plain_line_ends(shown)};
}

std::vector<std::string> progress_lines(const std::string& shown) {
  std::vector<std::string> lines;
  for (auto at = shown.find(erase_line); at != shown.npos;) {
    const auto begin = at + erase_line.size();
    at = shown.find(erase_line, begin);
    if (at == shown.npos) break;
    lines.push_back(shown.substr(begin, at - begin));
    if (lines.back().ends_with("^C")) lines.back().resize(lines.back().size() - 2);
  }
  return lines;
}

}  // namespace pipesim::test

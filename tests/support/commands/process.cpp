#include "support/commands/process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "support/places.hpp"

namespace pipesim::test {

namespace {

std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "pipesim-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

void set_environment() {
  setenv("PIPESIM", PIPESIM_BINARY, 1);
  setenv("TERM", "xterm", 1);
  for (const char* name : {"COLORTERM", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"}) unsetenv(name);
}

ProcessResult run_shell(const std::string& command) {
  const TemporaryFolder folder;
  set_environment();
  const std::string line =
      "( " + command + "\n) >" + in_quotes(folder / "out") + " 2>" + in_quotes(folder / "err");
  const int status = std::system(line.c_str());
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = read_text(folder / "out"),
          .err = read_text(folder / "err")};
}

ProcessResult run_pipesim(const std::vector<std::string>& arguments, const std::string& input) {
  const TemporaryFolder folder;
  write_text(folder / "in", input);
  std::string command = "cd " + in_quotes(PIPESIM_SOURCE_DIR) + " && " + in_quotes(PIPESIM_BINARY);
  for (const std::string& argument : arguments) command += " " + in_quotes(argument);
  return run_shell(command + " <" + in_quotes(folder / "in"));
}

}  // namespace pipesim::test

#pragma once

#include <string>
#include <vector>

namespace pipesim::test {

/// What a run of the pipesim binary left behind.
struct ProcessResult {
  int exit_code = 0;  ///< 128 + n when signal n ended it.
  std::string out{};
  std::string err{};
};

/// What commands find in their environment whatever it is where the tests run: $PIPESIM, the
/// binary; TERM, a plain terminal's; of the variables that choose colours none.
void set_environment();

/// Runs the binary that was built, with `input` on its standard input.
ProcessResult run_pipesim(const std::vector<std::string>& arguments, const std::string& input = "");

/// Runs a shell command line; `$PIPESIM` in it is the binary.
ProcessResult run_shell(const std::string& command);

/// An empty folder that is removed with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);

}  // namespace pipesim::test

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

#include "schedules/orders/catalog.hpp"
#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

// What bash answers when these words stand on the command line and the last is being completed;
// bash itself has cut them at "=". Files come in any order, and are sorted.
std::string completed(const std::vector<std::string>& words, const std::string& then = "") {
  std::string line = "source <($PIPESIM completion bash)\nCOMP_WORDS=(pipesim";
  for (const std::string& word : words) line += " '" + word + "'";
  line +=
      fmt::format(")\nCOMP_CWORD={}\n_pipesim\necho \"${{COMPREPLY[*]}}\"{}", words.size(), then);
  const TemporaryFolder folder;
  write_text(folder / "complete.sh", line);
  const ProcessResult result =
      run_shell("cd '" PIPESIM_SOURCE_DIR "' && bash '" + (folder / "complete.sh") + "'");
  CHECK(result.err.empty());
  return result.out;
}

std::string completed_files(const std::vector<std::string>& words) {
  return completed(words, " | tr ' ' '\\n' | LC_ALL=C sort | tr '\\n' ' '");
}

bool is_there(const std::string& program) {
  return run_shell("command -v " + program).exit_code == 0;
}

void check_script(const std::string& shell, const std::string& check) {
  if (!is_there(shell)) {
    MESSAGE(shell << " is not installed: its script is not checked");
    return;
  }
  const TemporaryFolder folder;
  const ProcessResult result =
      run_shell("$PIPESIM completion " + shell + " > '" + (folder / "script") + "' && " + shell +
                " " + check + " '" + (folder / "script") + "'");
  CHECK(result.exit_code == 0);
  CHECK(result.err.empty());
}

}  // namespace

TEST_SUITE("cli/shell/completion") {
  TEST_CASE("bash completes commands, and those that begin so") {
    CHECK(completed({""}) ==
          "simulate execute calibrate train validate compare schedule model list schema completion "
          "manual --help --version\n");
    CHECK(completed({"s"}) == "simulate schedule schema\n");
    CHECK(completed({"x"}) == "\n");
  }

  TEST_CASE("bash completes a command's own options, and the words that they take") {
    CHECK(completed({"model", "--"}) == "--set --schedule-file --json --help\n");
    CHECK(completed({"execute", "--clock", ""}) == "wall measured\n");
    CHECK(completed({"execute", "--clock", "=", "m"}) == "measured\n");
    CHECK(completed({"schedule", "--format", "c"}) == "csv\n");
    CHECK(completed({"completion", ""}) == "bash zsh fish\n");
    CHECK(completed({"simulate", "--quiet", "--ti"}) == "--timeline\n");
  }

  TEST_CASE("bash completes the keys of a config behind --set, and their named values") {
    CHECK(completed({"simulate", "--set", "pipeline.micro"}) ==
          "pipeline.micro_batches= pipeline.micro_batch_size=\n");
    CHECK(completed({"simulate", "--set", "pipeline.schedule", "="}) ==
          fmt::format("{}\n", fmt::join(schedule_names(), " ")));
    CHECK(completed({"simulate", "examples/gpipe.json", "--set", "cluster.device", "=", "v100"}) ==
          "v100-16gb v100-32gb\n");
    CHECK(completed({"simulate", "--set", "training.sequence_parallel", "=", ""}) ==
          completed({"simulate", ""}));
    CHECK(completed({"simulate", "--set", "training.sequence_parallel", "=", "t"}) == "true\n");
    CHECK(completed({"simulate", "--set", "model.num_hidden"}) == "model.num_hidden_layers=\n");
  }

  TEST_CASE("bash completes configs and folders where a config stands, any file behind FILE") {
    CHECK(completed_files({"simulate", "examples/gp"}) ==
          "examples/gpipe.json examples/gpt3_175b.json examples/gpt_1t.json ");
    CHECK(completed_files({"simulate", "examples/sch"}) ==
          "examples/schedules examples/schedules.json ");
    CHECK(completed_files({"simulate", "--schedule-file", "examples/schedules/bi"}) ==
          "examples/schedules/bidirectional.csv ");
    CHECK(completed_files({"simulate", "--out", "examples/"}) ==
          "examples/profiles examples/schedules ");
  }

  TEST_CASE("the scripts for zsh and fish are in order, where these shells are there") {
    check_script("zsh", "-n");
    check_script("fish", "-n");
  }

  TEST_CASE("fish completes options, words and keys, where it is there") {
    if (!is_there("fish")) return;
    const auto answer = [](const std::string& line) {
      const ProcessResult result = run_shell(
          "export HOME=$(mktemp -d); $PIPESIM completion fish > $HOME/c.fish; "
          "fish -c \"source $HOME/c.fish; complete -C '" +
          line + "'\" | cut -f1 | tr '\\n' ' '; rm -r \"$HOME\"");
      return result.out;
    };
    CHECK(answer("pipesim sc") == "schedule schema ");
    CHECK(answer("pipesim execute --clock ") == "measured wall ");
    CHECK(answer("pipesim simulate --set cluster.device=v100") ==
          "cluster.device=v100-16gb cluster.device=v100-32gb ");
  }
}

}  // namespace pipesim::test

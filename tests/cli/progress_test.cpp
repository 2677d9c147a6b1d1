#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

#include "support/commands/process.hpp"
#include "support/commands/terminal.hpp"

namespace pipesim::test {

namespace {

// Takes much longer than anyone waits, and little memory.
constexpr const char* long_work =
    "$PIPESIM validate --schedule all --stages 2..64 --micro-batches 1..4096";

std::string first_line(const std::string& command, const TerminalRun& run) {
  const std::vector<std::string> lines = progress_lines(run_on_terminal(command, run).shown);
  return lines.empty() ? "" : lines.front();
}

}  // namespace

TEST_SUITE("cli/progress") {
  TEST_CASE("long work shows a bar, how much is done, the rate and the time left") {
    const std::string line = first_line(long_work, {.type_at = " left"});
    CAPTURE(line);
    CHECK(std::regex_match(
        line,
        std::regex(R"(simulating  \[#* +\]   \d %  [\d.]+ (k )?sizes/s  \d+ (s|min|h) left)")));
    CHECK(line.size() <= 79);
  }

  TEST_CASE("Ctrl-C takes the line off the terminal, and ends with 130") {
    const TerminalResult result = run_on_terminal(long_work, {.type_at = " left"});
    CHECK(result.exit_code == 130);
    CHECK(result.shown.ends_with("^C\r\033[K"));
    CHECK(result.shown.find('\n') == std::string::npos);
  }

  TEST_CASE("on a narrow terminal the bar goes first, and what is still too long is cut") {
    const std::string without_bar =
        first_line(long_work, {.columns = 50, .type_at = "simulating  "});
    CAPTURE(without_bar);
    CHECK(without_bar.starts_with("simulating   "));
    CHECK(without_bar.ends_with(" left"));
    CHECK(first_line(long_work, {.columns = 12, .type_at = "simul"}) == "simulating…");
  }

  TEST_CASE("there is no line when all is quiet, in a pipe, or where lines can't be rewritten") {
    const std::string a_while = "timeout --preserve-status -s INT 1.5 ";
    const std::string quiet = a_while + long_work + " --quiet";
    CHECK(run_on_terminal(quiet).shown == "");
    CHECK(run_on_terminal(a_while + long_work, {.environment = "TERM=dumb"}).shown == "");
    CHECK(run_shell(a_while + long_work).err == "");
  }

  TEST_CASE("what is done at once shows none") {
    CHECK(progress_lines(run_on_terminal("$PIPESIM simulate examples/gpipe.json").shown).empty());
  }

  TEST_CASE("training's lines stand by themselves: the line about progress goes before each") {
    const std::string shown =
        run_on_terminal("$PIPESIM train examples/gpipe.json --set training.epochs=1000000",
                        {.type_at = " left\r\033[Kepoch "})
            .shown;
    const auto first = shown.find("\r\033[Ktraining");
    REQUIRE(first != shown.npos);
    CHECK(shown[first - 1] == '\n');
    CHECK(shown.find(" leftepoch") == shown.npos);
    CHECK(std::regex_search(shown,
                            std::regex("\r\033\\[Kepoch +\\d+ of 1000000  mean loss [^\r]+\n")));
  }

  TEST_CASE("an error that comes late finds the terminal clean") {
    const TemporaryFolder folder;
    const std::string pipe = folder / "pipe";
    const TerminalResult result =
        run_on_terminal("stty -echo; mkfifo " + pipe + "; (read line; cat " + pipe +
                            ") </dev/tty & $PIPESIM simulate examples/unit.json --timeline " +
                            pipe + " --chrome-trace no/such/trace.json",
                        {.type_at = "building the step", .typed = '\n'});
    CHECK(result.exit_code == 2);
    CHECK(std::regex_match(progress_lines(result.shown).front(),
                           std::regex(R"(building the step  \d s)")));
    CHECK(result.shown.find("\r\033[Kno/such/trace.json: /: cannot be created") !=
          std::string::npos);
  }
}

}  // namespace pipesim::test

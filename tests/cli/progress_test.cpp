#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

#include "support/process.hpp"
#include "support/terminal.hpp"

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
    const std::string line = first_line(long_work, {.interrupt_at = " left"});
    CAPTURE(line);
    CHECK(std::regex_match(
        line,
        std::regex(R"(simulating  \[#* +\]   \d %  [\d.]+ (k )?sizes/s  \d+ (s|min|h) left)")));
    CHECK(line.size() <= 79);
  }

  TEST_CASE("Ctrl-C takes the line off the terminal, and ends with 130") {
    const TerminalResult result = run_on_terminal(long_work, {.interrupt_at = " left"});
    CHECK(result.exit_code == 130);
    CHECK(result.shown.ends_with("^C\r\033[K"));
    CHECK(result.shown.find('\n') == std::string::npos);
  }

  TEST_CASE("on a narrow terminal the bar goes first, and what is still too long is cut") {
    const std::string without_bar =
        first_line(long_work, {.columns = 50, .interrupt_at = "simulating  "});
    CAPTURE(without_bar);
    CHECK(without_bar.starts_with("simulating   "));
    CHECK(without_bar.ends_with(" left"));
    CHECK(first_line(long_work, {.columns = 12, .interrupt_at = "simul"}) == "simulating…");
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
    const TerminalResult result =
        run_on_terminal("$PIPESIM train examples/gpipe.json --set training.epochs=1000000",
                        {.interrupt_at = " left"});
    const std::string text = result.shown.substr(0, result.shown.find("^C"));
    const auto first = text.find("\r\033[Ktraining");
    REQUIRE(first != text.npos);
    CHECK(text[first - 1] == '\n');
    CHECK(text.find(" left\r\033[K") != text.npos);
    CHECK(text.find(" leftepoch") == text.npos);
  }

  TEST_CASE("an error that comes late finds the terminal clean") {
    const TerminalResult result =
        run_on_terminal("$PIPESIM calibrate --precision fp32 --busy 1 --out /dev/full");
    CHECK(result.exit_code == 2);
    const auto error = result.shown.find("/dev/full: /: cannot be written");
    REQUIRE(error != std::string::npos);
    CHECK(result.shown.substr(error - 4, 4) == "\r\033[K");
  }
}

}  // namespace pipesim::test

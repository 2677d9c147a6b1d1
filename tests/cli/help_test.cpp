#include <doctest/doctest.h>

#include <sstream>

#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

// "--json --set": the options that a help text explains, one a line, --help aside.
std::string options_in(const std::string& help) {
  std::istringstream lines(help);
  std::string options;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  --")) continue;
    options += (options.empty() ? "" : " ") + line.substr(2, line.find_first_of(" =", 2) - 2);
  }
  return options;
}

}  // namespace

TEST_SUITE("cli/help") {
  TEST_CASE("every command names its options and what they take") {
    struct Command {
      const char* name;
      const char* options;
    };
    for (const Command& command :
         {Command{
              "simulate",
              "--set --schedule-file --json --timeline --chrome-trace --memory-trace --html --svg "
              "--out --quiet --color --explain"},
          Command{"execute",
                  "--set --schedule-file --clock --steps --json --timeline --chrome-trace "
                  "--memory-trace --html --svg --out "
                  "--quiet --color"},
          Command{"calibrate", "--out --busy --precision --json --quiet"},
          Command{"train", "--set --schedule-file --json --quiet --html --svg"},
          Command{"validate",
                  "--stages --micro-batches --schedule --execute --html --svg --machine --repeats "
                  "--rounds "
                  "--published "
                  "--published-data --ablate --verbose --markdown --json --quiet"},
          Command{"compare", "--set --schedule-file --json --html --svg --quiet"},
          Command{"schedule", "--set --schedule-file --format --lower"},
          Command{"model", "--set --schedule-file --json"}, Command{"list", "--json"},
          Command{"schema", "--format --output"}, Command{"completion", ""},
          Command{"manual", ""}}) {
      CAPTURE(command.name);
      const ProcessResult help = run_pipesim({command.name, "--help"});
      CHECK(help.exit_code == 0);
      CHECK(help.err.empty());
      CHECK(options_in(help.out) == command.options);
      CHECK(run_pipesim({command.name, "-h"}).out == help.out);
    }
  }

  TEST_CASE("pipesim --help names every command") {
    const ProcessResult help = run_pipesim({"--help"});
    CHECK(help.exit_code == 0);
    CHECK(help.err.empty());
    const auto start = help.out.find("Subcommands:\n");
    REQUIRE(start != std::string::npos);
    std::istringstream lines(help.out.substr(start));
    std::string line;
    std::string names;
    std::getline(lines, line);
    while (std::getline(lines, line) && line.starts_with("  ")) {
      names += line.substr(2, line.find(' ', 2) - 2) + " ";
    }
    CHECK(names ==
          "simulate execute calibrate train validate compare schedule model list schema "
          "completion manual ");
  }

  TEST_CASE("--version gives name and version") {
    const ProcessResult result = run_pipesim({"--version"});
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    const std::string build = read_text(PIPESIM_SOURCE_DIR "/CMakeLists.txt");
    const std::string project = "project(pipesim VERSION ";
    const auto start = build.find(project) + project.size();
    CHECK(result.out == "pipesim " + build.substr(start, build.find(' ', start) - start) + "\n");
  }

  TEST_CASE("--version behind a command gives the same, whatever stands beside it") {
    const std::string version = run_pipesim({"--version"}).out;
    for (const auto& arguments : {std::vector<std::string>{"simulate", "none.json", "--version"},
                                  {"simulate", "--version"},
                                  {"list", "--version"}}) {
      const ProcessResult result = run_pipesim(arguments);
      CHECK(result.exit_code == 0);
      CHECK(result.err.empty());
      CHECK(result.out == version);
    }
  }
}

}  // namespace pipesim::test

#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "support/process.hpp"

using namespace pipesim::test;

TEST_SUITE_BEGIN("cli/readme");

TEST_CASE("the README shows what its first command prints") {
  const std::string readme = read_text(PIPESIM_SOURCE_DIR "/README.md");
  const std::string printed = run_pipesim({"simulate", "examples/gpipe.json"}).out;
  const std::string shown = printed.substr(0, printed.find("\n\ndevice "));
  CHECK(shown.find("memory       fits") != std::string::npos);
  CHECK(readme.find("```\n" + shown + "\n```") != std::string::npos);
}

TEST_CASE("the README shows the picture of the unit example") {
  const std::string readme = read_text(PIPESIM_SOURCE_DIR "/README.md");
  const std::string printed = run_pipesim({"simulate", "examples/unit.json"}).out;
  const auto first = printed.find("time ");
  const std::string picture = printed.substr(first, printed.find("          F forward") - first);
  CHECK(readme.find("```\n" + picture + "```") != std::string::npos);
}

TEST_CASE("the README shows what execute ends with, up to what is measured") {
  const std::string readme = read_text(PIPESIM_SOURCE_DIR "/README.md");
  const std::string printed =
      run_pipesim({"execute", "examples/gpipe.json", "--clock", "measured"}).out;
  std::istringstream shown(readme.substr(readme.find("```\nexecuted ") + 4));
  std::istringstream lines(printed.substr(printed.find("\nexecuted ") + 1));
  for (std::string line, example; std::getline(lines, line);) {
    REQUIRE(std::getline(shown, example));
    const auto number = line.find_first_of("0123456789");
    CHECK(line.substr(0, line[0] == ' ' ? 13 : number) ==
          example.substr(0, line[0] == ' ' ? 13 : number));
  }
}

TEST_CASE("every example that the README and the references name exists") {
  for (const std::string file : {"README.md", "docs/config.md", "docs/output.md"}) {
    std::istringstream words(read_text(PIPESIM_SOURCE_DIR "/" + file));
    for (std::string word; words >> word;) {
      const auto at = word.find("examples/");
      if (at == std::string::npos || word.find(".json") == std::string::npos) continue;
      const std::string name = word.substr(at, word.find(".json") + 5 - at);
      CAPTURE(name);
      CHECK(!read_text(PIPESIM_SOURCE_DIR "/" + name).empty());
    }
  }
}

TEST_SUITE_END();

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

const std::string source_folder = PIPESIM_SOURCE_DIR;
const std::string folder = "docs/pictures/";

std::vector<std::string> pages_with_pictures() {
  std::vector<std::string> paths{source_folder + "/README.md"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_folder + "/docs")) {
    if (entry.path().extension() == ".md") paths.push_back(entry.path());
  }
  return paths;
}

// By picture, the arguments of the command that a page says it is made by: a line, or a cell of a
// table, with "pipesim … --svg docs/pictures/X.svg".
std::map<std::string, std::set<std::string>> documented_pictures() {
  std::map<std::string, std::set<std::string>> commands;
  const std::string program = "pipesim ";
  const std::string option = " --svg " + folder;
  for (const std::string& page : pages_with_pictures()) {
    std::istringstream lines(read_text(page));
    for (std::string line; std::getline(lines, line);) {
      const auto at = line.find(option);
      const auto end = line.find(".svg", at + option.size());
      if (at == std::string::npos || end == std::string::npos) continue;
      const auto start = line.rfind(program, at) + program.size();
      const auto name = at + option.size();
      commands[line.substr(name, end + 4 - name)].insert(line.substr(start, at - start));
    }
  }
  return commands;
}

}  // namespace

TEST_SUITE("cli/pictures") {
  TEST_CASE("every picture is what the command beside it draws") {
    const TemporaryFolder temporary;
    for (const auto& [name, commands] : documented_pictures()) {
      for (const std::string& arguments : commands) {
        CAPTURE(name);
        CAPTURE(arguments);
        const std::string drawn = temporary / name;
        const ProcessResult result =
            run_shell("cd '" + source_folder + "' && \"$PIPESIM\" " + arguments + " --svg '" +
                      drawn + "' 2>&1 >/dev/null");
        CHECK(result.out == "");
        CHECK(result.exit_code % 3 == 0);  // What does not fit is drawn as well.
        const bool same = read_text(drawn) == read_text(source_folder + "/" + folder + name);
        CHECK_MESSAGE(same, "run the command again and look at the picture");
      }
    }
  }

  TEST_CASE("every picture is made by a command that a page names") {
    const auto commands = documented_pictures();
    for (const auto& entry : std::filesystem::directory_iterator(source_folder + "/" + folder)) {
      const std::string name = entry.path().filename();
      CAPTURE(name);
      CHECK(commands.contains(name));
    }
  }
}

}  // namespace pipesim::test

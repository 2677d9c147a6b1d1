#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "schedules/orders/catalog.hpp"
#include "support/commands/documented_commands.hpp"
#include "support/commands/process.hpp"
#include "support/commands/shown_output.hpp"
#include "support/experiments.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

namespace fs = std::filesystem;

const std::string source = PIPESIM_SOURCE_DIR;

// A copy of what the pages speak of, where their commands run and write.
class Workplace {
 public:
  Workplace() {
    const auto all = fs::copy_options::recursive;
    for (const char* name : {"examples", "docs"}) {
      fs::copy(source + "/" + name, folder_ / name, all);
    }
    for (const char* name : {"bin", "build"}) {
      fs::create_directory(folder_ / name);
      fs::create_symlink(PIPESIM_BINARY, folder_ / (std::string(name) + "/pipesim"));
    }
    // As run.sh once everything is installed and built; a test can't run all tests.
    write_text(folder_ / "run.sh", "#!/bin/sh\n[ \"$1\" = test ] || exec build/pipesim \"$@\"\n");
    fs::permissions(folder_ / "run.sh", fs::perms::owner_all);
  }

  const ProcessResult& run(const std::string& command) {
    const auto [known, first] = results_.try_emplace(command);
    if (first) {
      write_text(folder_ / "command.sh", command + "\n");
      known->second = run_shell("cd '" + folder_.path() + "' && unset COLUMNS && PATH=\"" +
                                folder_.path() + "/bin:$PATH\" && timeout 300 sh command.sh 2>&1");
    }
    return known->second;
  }

 private:
  TemporaryFolder folder_{};
  std::map<std::string, ProcessResult> results_{};
};

Workplace& workplace() {
  static Workplace shared;
  return shared;
}

// The command exists, and its help has the options.
void check_pattern(const DocumentedCommand& command) {
  static const std::regex start(R"((pipesim|build/pipesim|\./run\.sh) [a-z-]+)");
  static const std::regex option("--[a-z-]+");
  std::smatch name;
  REQUIRE(std::regex_search(command.text, name, start, std::regex_constants::match_continuous));
  const ProcessResult& help = workplace().run(name.str() + " --help");
  CHECK(help.exit_code == 0);
  for (std::sregex_iterator match(command.text.begin(), command.text.end(), option), end;
       match != end; ++match) {
    CAPTURE(match->str());
    CHECK(help.out.find(match->str()) != std::string::npos);
  }
}

std::vector<std::string> printed_by(const ProcessResult& result) {
  std::vector<std::string> lines = lines_of(result.out);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

// Whether a command does what its page says. `shown` becomes what it prints.
bool holds(const DocumentedCommand& command, std::vector<std::string>& shown) {
  CAPTURE(command.line);
  CAPTURE(command.text);
  if (command.pattern) {
    check_pattern(command);
    return true;
  }
  const ProcessResult& result = workplace().run(command.text);
  CAPTURE(result.out);
  CHECK(result.exit_code == command.exit_code);
  if (!command.shows_output) return true;
  const auto differs = difference(command.shown, printed_by(result), command.measured);
  CHECK_MESSAGE(!differs, "the first line that differs: ", differs.value_or(""));
  if (differs) shown = refreshed(command.shown, printed_by(result));
  return !differs;
}

// Where outputs differ, the page as it would have to be is left beside it as PAGE.new.
void check_page(const std::string& name) {
  CAPTURE(name);
  std::vector<std::string> page = lines_of(read_text(source + "/" + name));
  const std::vector<DocumentedCommand> commands = commands_of_page(read_text(source + "/" + name));
  bool same = true;
  std::ptrdiff_t moved = 0;  // How many lines the page has got longer.
  for (const DocumentedCommand& command : commands) {
    std::vector<std::string> shown = command.shown;
    if (holds(command, shown)) continue;
    same = false;
    const auto first = page.begin() + moved + command.first_shown - 1;
    const auto after = page.erase(first, first + std::ssize(command.shown));
    page.insert(after, shown.begin(), shown.end());
    moved += std::ssize(shown) - std::ssize(command.shown);
  }
  if (same) return;
  std::string text;
  for (const std::string& line : page) text += line + "\n";
  write_text(source + "/" + name + ".new", text);
}

// Every page, from the folder of the project.
std::vector<std::string> pages() {
  std::vector<std::string> names = {"README.md"};
  for (const char* folder : {"docs", "examples"}) {
    for (const auto& entry : fs::recursive_directory_iterator(source + "/" + folder)) {
      if (entry.path().extension() == ".md") {
        names.push_back(fs::relative(entry.path(), source).string());
      }
    }
  }
  std::ranges::sort(names);
  return names;
}

// What a link to a part of a page may name: its headings, as GitHub writes them, and <a name>.
std::set<std::string> anchors(const std::string& markdown) {
  std::set<std::string> names;
  for (const std::string& line : lines_of(markdown)) {
    static const std::regex named("<a name=\"([^\"]+)\">");
    std::smatch match;
    if (std::regex_search(line, match, named)) names.insert(match[1]);
    if (!line.starts_with("#")) continue;
    std::string name;
    for (const char c : line.substr(line.find(' ') + 1)) {
      if (c == ' ' || c == '-') name += '-';
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
    names.insert(name);
  }
  return names;
}

bool about_a_schedule(const std::string& page) {
  return page.starts_with("docs/schedules/");
}

}  // namespace

TEST_SUITE("cli/docs") {
  TEST_CASE("the README's commands print what it shows") {
    check_page("README.md");
  }

  TEST_CASE("the tour's commands print what it shows") {
    check_page("docs/tour.md");
  }

  TEST_CASE("the commands of the guide to K and M print what it shows") {
    check_page("docs/choosing.md");
  }

  TEST_CASE("the commands of every schedule's page print what it shows") {
    for (const std::string& page : pages()) {
      if (about_a_schedule(page)) check_page(page);
    }
  }

  TEST_CASE("the commands of all other pages do what is said") {
    for (const std::string& page : pages()) {
      const bool has_a_case =
          page == "README.md" || page == "docs/tour.md" || page == "docs/choosing.md";
      if (!has_a_case && !about_a_schedule(page)) check_page(page);
    }
  }

  TEST_CASE("the commands in the examples' comments run") {
    for (const std::string& name : example_names()) {
      CAPTURE(name);
      for (const auto& command : commands_of_config(read_text(source + "/examples/" + name))) {
        std::vector<std::string> nothing;
        holds(command, nothing);
      }
    }
  }

  TEST_CASE("no line of an output shown can be changed, added or left out unnoticed") {
    for (const std::string& page : pages()) {
      CAPTURE(page);
      for (const auto& command : commands_of_page(read_text(source + "/" + page))) {
        CAPTURE(command.line);
        for (std::size_t i = 0; i < command.shown.size(); ++i) {
          if (command.shown[i] == "…") continue;
          std::vector<std::string> changed = command.shown;
          changed[i] = "indeed " + changed[i];
          CHECK(difference(command.shown, changed, command.measured));
          changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
          CHECK(difference(command.shown, changed, command.measured));
        }
      }
    }
  }

  TEST_CASE("every schedule has a page with its picture, and the overview leads there") {
    const std::string overview = read_text(source + "/docs/schedules.md");
    for (const std::string& name : schedule_names()) {
      CAPTURE(name);
      CHECK(overview.find("](schedules/" + name + ".md)") != std::string::npos);
      const std::string page = read_text(source + "/docs/schedules/" + name + ".md");
      CHECK(page.find("](../pictures/" + name + ".svg)") != std::string::npos);
      CHECK(fs::exists(source + "/docs/pictures/" + name + ".svg"));
      CHECK(page.find(" simulate examples/schedules.json --set pipeline.schedule=" + name +
                      " --svg docs/pictures/" + name + ".svg") != std::string::npos);
    }
  }

  TEST_CASE("what a page links to exists, page and heading") {
    static const std::regex link(R"(\]\(([^)#:]*)(#[^)]*)?\))");
    for (const std::string& page : pages()) {
      CAPTURE(page);
      const std::string text = read_text(source + "/" + page);
      for (std::sregex_iterator match(text.begin(), text.end(), link), end; match != end; ++match) {
        CAPTURE(match->str());
        const fs::path here = source + "/" + page;
        const fs::path target = match->length(1) > 0 ? here.parent_path() / match->str(1) : here;
        CHECK(fs::exists(target));
        if (match->length(2) > 0) {
          CHECK(anchors(read_text(target.string())).contains(match->str(2).substr(1)));
        }
      }
    }
  }
}

}  // namespace pipesim::test

#include <doctest/doctest.h>

#include "support/commands/documented_commands.hpp"
#include "support/commands/shown_output.hpp"

using namespace pipesim::test;

TEST_SUITE_BEGIN("cli/docs_support");

TEST_CASE("a console block holds commands, what they print, and their exit codes") {
  const auto commands = commands_of_page(
      "Text.\n```console\n$ pipesim simulate a.json \\\n    --set b=1\none\n\ntwo\n\n$ echo $?\n3\n"
      "$ pipesim list\n…\nlast\n```\n");
  REQUIRE(commands.size() == 2);
  CHECK(commands[0].text == "pipesim simulate a.json \\\n    --set b=1");
  CHECK(commands[0].line == 3);
  CHECK(commands[0].first_shown == 5);
  CHECK(commands[0].shown == std::vector<std::string>{"one", "", "two"});
  CHECK(commands[0].exit_code == 3);
  CHECK(!commands[0].measured);
  CHECK(commands[1].shown == std::vector<std::string>{"…", "last"});
  CHECK(commands[1].exit_code == 0);
}

TEST_CASE("the mark of measured figures is about the block behind it alone") {
  const std::string block = "```console\n$ pipesim execute a.json\n1 ms\n```\n";
  const auto commands = commands_of_page("<!-- measured -->\n" + block + "\nText.\n\n" + block);
  REQUIRE(commands.size() == 2);
  CHECK(commands[0].measured);
  CHECK(!commands[1].measured);
}

TEST_CASE("every line of a sh block, and code in text or tables that begins so, is a command") {
  const auto commands = commands_of_page(
      "```sh\n# why\n./run.sh test\nls  # exit code 2\n```\nAs `pipesim\nlist --json` says, `ls`.\n"
      "| `build/pipesim simulate a.json` | exit code 3 |\n| `build/pipesim list` | all |\n"
      "`pipesim model` shows; `pipesim simulate CONFIG --explain` explains; pipesim knows.\n");
  std::vector<std::string> texts;
  std::vector<int> codes;
  std::vector<bool> patterns;
  for (const DocumentedCommand& command : commands) {
    texts.push_back(command.text);
    codes.push_back(command.exit_code);
    patterns.push_back(command.pattern);
  }
  CHECK(texts == std::vector<std::string>{"./run.sh test", "ls  # exit code 2",
                                          "pipesim list --json", "build/pipesim simulate a.json",
                                          "build/pipesim list", "pipesim model",
                                          "pipesim simulate CONFIG --explain"});
  CHECK(codes == std::vector<int>{0, 2, 0, 3, 0, 0, 0});
  CHECK(patterns == std::vector<bool>{false, false, false, false, false, true, true});
}

TEST_CASE("a command where nobody runs it is refused") {
  CHECK_THROWS_WITH(commands_of_page("```\npipesim list\n```\n"),
                    "line 2: a command in a block that is neither console nor sh: pipesim list");
  CHECK_THROWS_WITH(commands_of_page("```text\n$ ls\n```\n"),
                    "line 2: a command in a block that is neither console nor sh: $ ls");
  CHECK_THROWS_WITH(commands_of_page("Run\n\n    pipesim list\n"),
                    "line 3: a command in a block that is neither console nor sh: pipesim list");
  CHECK_THROWS_WITH(commands_of_page("```console\npipesim list\n```\n"),
                    "line 2: output of no command");
}

TEST_CASE("comments of a config show commands") {
  const auto commands = commands_of_config(
      "// Why, and how:\n//   pipesim simulate a.json\n{ \"a\": 1 } // pipesim list, exit code "
      "2\n");
  REQUIRE(commands.size() == 2);
  CHECK(commands[0].text == "pipesim simulate a.json");
  CHECK(commands[0].line == 2);
  CHECK(commands[1].exit_code == 2);
}

TEST_CASE("an output is compared in whole, but for what a mark stands for") {
  using Lines = std::vector<std::string>;
  const Lines printed = {"one", "two", "three", "four", "five"};
  CHECK(!difference(printed, printed, false));
  CHECK(!difference({"one", "…", "five"}, printed, false));
  CHECK(!difference({"…", "three", "…"}, printed, false));
  CHECK(!difference({"one", "…"}, printed, false));
  CHECK(!difference({"…", "two", "three", "…", "five"}, printed, false));
  CHECK(difference({"one", "two", "three", "four"}, printed, false) == "five");
  CHECK(difference({"one", "2", "…"}, printed, false) == "2");
  CHECK(difference({"…", "three", "two", "…"}, printed, false) == "three");
  CHECK(difference({"…", "four"}, printed, false) == "four");
  CHECK(difference({}, printed, false) == "one");
  CHECK(difference({"one"}, {}, false) == "one");
  CHECK(!difference({"on … way"}, {"on its way"}, false));
  CHECK(difference({"on … way"}, {"in its way"}, false));
  CHECK(difference({"on … way"}, {"on its road"}, false));
}

TEST_CASE("of what is measured, numbers, units and blanks are free, words are not") {
  const auto differs = [](const std::string& shown, const std::string& printed) {
    return difference({shown}, {printed}, true).has_value();
  };
  CHECK(!differs("step time    1.872 ms, 17.09 k samples/s", "step time  998 µs, 940 samples/s"));
  CHECK(!differs("bubble  -18.1 %", "bubble  +1.4 %"));
  CHECK(!differs("within 3.2e-07 of", "within 4e-09 of"));
  CHECK(differs("4 stages", "4 stashes"));
  CHECK(differs("gradients    agree", "gradients    differ"));
}

TEST_CASE("what is shown is brought up to date where it is clear what stands for what") {
  using Lines = std::vector<std::string>;
  const Lines printed = {"a 1", "b 2", "c 3", "d 4"};
  CHECK(refreshed({"a 0", "b 0"}, printed) == printed);
  CHECK(refreshed({"a 0", "…", "d 0"}, printed) == Lines{"a 1", "…", "d 4"});
  CHECK(refreshed({"a 0", "…"}, printed) == Lines{"a 1", "…"});
}

TEST_SUITE_END();

#include "models/base/document.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "models/base/json_field.hpp"
#include "support/commands/process.hpp"

namespace pipesim {

namespace {

std::string parsed(std::string_view text, const std::vector<std::string>& overrides = {}) {
  const Document document = parse_document(text, "c.json", overrides);
  const Field root(document);  // Throws what leaves the text readable.
  return document.root->dump();
}

std::string refused(std::string_view text, const std::vector<std::string>& overrides = {}) {
  try {
    return "accepted: " + parsed(text, overrides);
  } catch (const InputError& error) {
    return error.what();
  }
}

constexpr std::string_view look_before =
    "\n  hint: look for a missing comma, quote or bracket just before this place";
constexpr std::string_view close_all =
    "\n  hint: the text ends too early: close every brace, bracket and quote";

}  // namespace

TEST_SUITE("models/base/document") {
  TEST_CASE("a config may carry comments of both kinds") {
    CHECK(parsed("// first\n{ /* inside */ \"a\": 1 // last\n}") == R"({"a":1})");
  }

  TEST_CASE("a text of nothing but blanks is an empty input") {
    const std::string empty =
        "c.json:1:1: the input is empty, got nothing\n"
        "  hint: a config is a JSON object with at least \"model\" and \"pipeline\"; "
        "examples/ has some to start from";
    CHECK(refused("") == empty);
    CHECK(refused(" \t\r\n\n") == empty);
  }

  TEST_CASE("a key that stands twice in one object is refused where it stands again") {
    CHECK(refused("{\n  \"a\": 1,\n  \"b\": 2,\n  \"a\": 3\n}") ==
          "c.json:4:5: the key stands twice in one object, got \"a\"\n"
          "  hint: keep only one of the two");
    CHECK(refused("{\n  \"a\": 1,\n  \"b\": {\"c\": 2, \"c\": 2},\n  \"a\": 3\n}", {"x"}) ==
          "c.json:3:19: the key stands twice in one object, got \"c\"\n"
          "  hint: keep only one of the two\n"
          "c.json:4:5: the key stands twice in one object, got \"a\"\n"
          "  hint: keep only one of the two\n"
          "--set: /: must have the form KEY=VALUE, got x\n"
          "  hint: for example --set pipeline.micro_batches=16");
    CHECK(parsed(R"({"a": {"x": 1}, "b": {"x": 2}})") == R"({"a":{"x":1},"b":{"x":2}})");
  }

  TEST_CASE("a truncated text is refused at its end") {
    CHECK(refused("{\n  \"a\": [1, 2") ==
          "c.json:2:12: not valid JSON: unexpected end of input; expected ']', "
          "got the end of the input" +
              std::string(close_all));
  }

  TEST_CASE("a missing comma is refused at the token after it") {
    CHECK(refused("{\n  \"a\": 1\n  \"b\": 2\n}") ==
          "c.json:3:5: not valid JSON: unexpected string literal; expected '}', got \"b\"" +
              std::string(look_before));
  }

  TEST_CASE("a number that no double can hold is refused where it ends") {
    const std::string hint = "\n  hint: numbers reach up to about 1.8e308";
    CHECK(refused("{\"a\": -1e999}") == "c.json:1:12: the number is too large, got -1e999" + hint);
    CHECK(refused("{\n  \"a\": 1e999\n}") ==
          "c.json:2:12: the number is too large, got 1e999" + hint);
  }

  TEST_CASE("what follows the document is refused") {
    CHECK(refused("{} {}") ==
          "c.json:1:4: not valid JSON: unexpected '{'; expected end of input, got {} {" +
              std::string(look_before));
  }

  TEST_CASE("NaN and trailing commas are not JSON") {
    CHECK(refused("{\"a\": NaN}").starts_with("c.json:1:7: not valid JSON: "));
    CHECK(refused("[1,]").starts_with("c.json:1:4: not valid JSON: unexpected ']'"));
  }

  TEST_CASE("nesting is refused beyond 100 levels, not before") {
    const auto nested = [](std::size_t depth) {
      return std::string(depth, '[') + std::string(depth, ']');
    };
    const std::string refusal =
        "c.json:1:101: nested deeper than 100 levels, got [\n"
        "  hint: no config needs more than a few";
    CHECK(parsed(nested(100)) == nested(100));
    CHECK(refused(nested(101)) == refusal);
    CHECK(refused(std::string(100'000, '[')) == refusal);
  }

  TEST_CASE("an override sets the value at a dotted path, and creates what is missing on the way") {
    CHECK(parsed(R"({"a": {"b": 1}})", {"a.b=2"}) == R"({"a":{"b":2}})");
    CHECK(parsed(R"({})", {"a.b.c=true"}) == R"({"a":{"b":{"c":true}}})");
    CHECK(parsed(R"({"a": 1})", {"a=2", "a=3"}) == R"({"a":3})");
  }

  TEST_CASE("the value of an override is JSON, or else the text as it stands") {
    CHECK(parsed("{}", {"a=1.5"}) == R"({"a":1.5})");
    CHECK(parsed("{}", {"a=[1, 2]"}) == R"({"a":[1,2]})");
    CHECK(parsed("{}", {"a=\"7\""}) == R"({"a":"7"})");
    CHECK(parsed("{}", {"a=1.5 ms"}) == R"({"a":"1.5 ms"})");
    CHECK(parsed("{}", {"a=x=y"}) == R"({"a":"x=y"})");
    CHECK(parsed("{}", {"a="}) == R"({"a":""})");
  }

  TEST_CASE("a number in an override's path is the index of a list's entry") {
    CHECK(parsed(R"({"a": [1, 2, 3]})", {"a.1=9"}) == R"({"a":[1,9,3]})");
    CHECK(parsed(R"({"a": [{"b": 1}]})", {"a.0.b=9"}) == R"({"a":[{"b":9}]})");
    const std::string hint = "\n  hint: the list there has entries 0 to 2";
    for (const std::string index : {"3", "-1", "x", "", "99999999999999999999"}) {
      CAPTURE(index);
      CHECK(refused(R"({"a": [1, 2, 3]})", {"a." + index + "=9"}) ==
            "--set: /a/" + index + ": leads to no value of the config, got a." + index + "=9" +
                hint);
    }
  }

  TEST_CASE("an override below a value that is no object leads nowhere") {
    CHECK(refused(R"({"a": 1})", {"a.b=2"}) ==
          "--set: /a/b: leads to no value of the config, got a.b=2\n"
          "  hint: 1 stands there, which has no keys: set an object in its place");
  }

  TEST_CASE("an override without a key or an equals sign is refused") {
    const std::string hint = "\n  hint: for example --set pipeline.micro_batches=16";
    CHECK(refused("{}", {"a"}) == "--set: /: must have the form KEY=VALUE, got a" + hint);
    CHECK(refused("{}", {"=1"}) == "--set: /: must have the form KEY=VALUE, got =1" + hint);
  }

  TEST_CASE("an override that is not UTF-8 is refused") {
    CHECK(refused("{}", {"a=\xff"}) ==
          "--set: /: the value must be UTF-8 text, got bytes that are not\n"
          "  hint: write it as JSON with \\u escapes");
  }

  TEST_CASE("a document knows its file, its folder and what was overridden") {
    const Document document = parse_document("{}", "some/dir/c.json", {"a.b=1"});
    CHECK(document.source->file == "some/dir/c.json");
    CHECK(document.source->directory == "some/dir");
    CHECK(document.source->overrides == std::vector<std::string>{"/a", "/a/b"});  // It made both.
  }

  TEST_CASE("a file is read from its path") {
    const test::TemporaryFolder folder;
    test::write_text(folder / "c.json", "{\"a\": 1}");
    const Document document = read_document(folder / "c.json", {"a=2"});
    CHECK(document.root->dump() == R"({"a":2})");
    CHECK(document.source->directory == folder.path());
  }

  TEST_CASE("a folder, and a file that does not exist, are refused with their path") {
    const test::TemporaryFolder folder;
    const std::string hint =
        "\n  hint: give the path of a JSON file, such as examples/gpipe.json, or - for "
        "standard input";
    CHECK_THROWS_WITH_AS(read_document(folder.path()),
                         (folder.path() + ": /: must be a file, got a directory" + hint).c_str(),
                         InputError);
    CHECK_THROWS_WITH_AS(
        read_document(folder / "none.json"),
        ((folder / "none.json") + ": /: cannot be opened, got No such file or directory" + hint)
            .c_str(),
        InputError);
  }
}

}  // namespace pipesim

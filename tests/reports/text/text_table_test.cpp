#include "reports/text/text_table.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

std::string written(const TextTable& table, std::size_t room = 0) {
  std::string text;
  Output out([&](std::string_view part) { text += part; });
  write_text_table(out, table, room);
  out.flush();
  return "\n" + text;
}

}  // namespace

TEST_SUITE("reports/text/text_table") {
  TEST_CASE("names are on the left, numbers on the right, headers over them") {
    CHECK(written({.columns = {{"name", 0, true}, {"n"}, {"about", 0, true}},
                   .rows = {{.cells = {"a", "1", "one"}}, {.cells = {"longer", "100", ""}}}}) == R"(
name      n  about
a         1  one
longer  100
)");
  }

  TEST_CASE("a column has its width until a cell needs more") {
    const auto table = [](const std::string& cell) {
      return written({.columns = {{"a", 4}, {"b", 3}}, .rows = {{.cells = {cell, "2"}}}});
    };
    CHECK(table("1") == "\n   a    b\n   1    2\n");
    CHECK(table("1234567") == "\n      a    b\n1234567    2\n");
  }

  TEST_CASE("signs count as wide as they are shown") {
    CHECK(written({.columns = {{"", 0, true}, {"", 2}},
                   .rows = {{.cells = {"日本", "1"}},
                            {.cells = {"e\u0301", "2"}},
                            {.cells = {"abcd", "3"}}},
                   .gap = 1,
                   .has_header = false}) == R"(
日本  1
é     2
abcd  3
)");
  }

  TEST_CASE("on a narrow terminal columns shrink, then those that may go are left out, and said") {
    const TextTable table{
        .columns = {{"name", 10, true}, {"a", 5, false, true}, {"b", 5, false, true}, {"c", 5}},
        .rows = {{.cells = {"x", "1", "22", "333"}}}};
    CHECK(written(table, 31) ==
          "\nname            a      b      c\nx               1     22    333\n");
    CHECK(written(table, 30) == "\nname  a   b    c\nx     1  22  333\n");
    CHECK(written(table, 16) == written(table, 30));
    CHECK(written(table, 15) == "\nname  a    c\nx     1  333\nNo room for b.\n");
    CHECK(written(table, 11) == "\nname    c\nx     333\nNo room for a, b.\n");
    CHECK(written(table, 1) == written(table, 11));
  }

  TEST_CASE("what stands behind the cells widens no column: by itself it is not indented") {
    CHECK(written({.columns = {{"a", 0, true}, {"b"}},
                   .rows = {{.cells = {"x"}, .note = "not possible: too many"},
                            {.note = "…"},
                            {.cells = {"yy", "12"}, .note = "!"}},
                   .indent = 2}) == R"(
  a    b
  x   not possible: too many
…
  yy  12  !
)");
  }
}

}  // namespace pipesim

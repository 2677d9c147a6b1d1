#include "sim/published/figures/csv_table.hpp"

#include <doctest/doctest.h>

#include "support/refusal.hpp"

namespace pipesim::published {

namespace {

std::string error_of(const auto& action) {
  return test::refusal_of([&] { action(); });
}

std::string refusal(std::string_view text) {
  return error_of([&] { parse_csv(text, "figures.csv"); });
}

// What is wrong with a cell, asked for as `ask` does.
std::string refused_cell(const std::string& cell, const auto& ask) {
  const CsvTable table = parse_csv("# a source\nwidth,other\n" + cell + ",1\n", "figures.csv");
  return error_of([&] { ask(CsvRow(table, table.rows.front())); });
}

}  // namespace

TEST_SUITE("sim/published/figures/csv_table") {
  TEST_CASE("rows know their line in the file, comments and empty lines counted") {
    const CsvTable table =
        parse_csv("# source\n\nname, layers\r\na,3\n# between\nb,4\n", "figures.csv");
    CHECK(table.columns == std::vector<std::string>{"name", "layers"});
    REQUIRE(table.rows.size() == 2);
    CHECK(table.rows[0].line == 4);
    CHECK(table.rows[1].line == 6);
    const CsvRow row(table, table.rows[1]);
    CHECK(row.text("name") == "b");
    CHECK(row.whole("layers") == 4);
    CHECK(row.place() == "figures.csv:6");
  }

  TEST_CASE("a line of a hundred thousand column names is read in time that grows with it") {
    std::string text = "c0";
    std::string row = "1";
    for (int column = 1; column < 100'000; ++column) {
      text += ",c" + std::to_string(column);
      row += ",1";
    }
    CHECK(parse_csv(text + "\n" + row, "figures.csv").columns.size() == 100'000);
    CHECK(refusal(text + ",c99999\n") ==
          "figures.csv:1: column 100001 must have a name of its own, got \"c99999\"\n"
          "  hint: the first line that is no comment names the columns");
  }

  TEST_CASE("columns are found by name, and others may stand between them") {
    const CsvTable table = parse_csv("b,extra,a\n1 2 3,x,0\n", "figures.csv");
    const CsvRow row(table, table.rows.front());
    CHECK(row.wholes("b") == std::vector<int>{1, 2, 3});
    CHECK_FALSE(row.flag("a"));
    CHECK(row.word("extra", {"x", "y"}) == "x");
    CHECK_FALSE(row.has("c"));
  }

  TEST_CASE("a file that is no table is refused with its line") {
    CHECK(refusal("") ==
          "figures.csv:1: must have a line of column names and a row, got nothing\n"
          "  hint: give the figures, a row a line");
    CHECK(refusal("# only\na,b\n") ==
          "figures.csv:2: must have a line of column names and a row, got no row\n"
          "  hint: give the figures, a row a line");
    CHECK(refusal("a,a\n1,2\n") ==
          "figures.csv:1: column 2 must have a name of its own, got \"a\"\n"
          "  hint: the first line that is no comment names the columns");
    CHECK(refusal("a,\n1,2\n") ==
          "figures.csv:1: column 2 must have a name of its own, got \"\"\n"
          "  hint: the first line that is no comment names the columns");
    CHECK(refusal("a,b\n1,2\n1,2,3\n") ==
          "figures.csv:3: must have 2 cells, as there are columns, got 3\n"
          "  hint: separate cells by commas; a cell can't hold one");
    CHECK(refusal(std::string_view("a,b\n1,\0\n", 8)) ==
          "figures.csv:2: must be a line of text, got a NUL byte\n  hint: give a CSV file");
  }

  TEST_CASE("a cell that is not what its column holds is refused with line and column") {
    const auto whole = [](const CsvRow& row) { row.whole("width"); };
    constexpr const char* not_whole = "must be a whole number from 1 to 1000000000";
    for (const std::string cell : {"x", "-3", "0", "1.5", "1e3", "99999999999999999999"}) {
      CAPTURE(cell);
      CHECK(refused_cell(cell, whole) ==
            "figures.csv:3: column \"width\": " + std::string(not_whole) + ", got \"" + cell +
                "\"\n  hint: write it in digits");
    }
    CHECK(refused_cell("", whole) ==
          "figures.csv:3: column \"width\": is required, got nothing\n"
          "  hint: did you mean \"width\"? columns: width, other");
    for (const std::string cell : {"nan", "inf", "-1", "0", "1x", "1e999"}) {
      CAPTURE(cell);
      CHECK(refused_cell(cell, [](const CsvRow& row) { row.number("width"); }) ==
            "figures.csv:3: column \"width\": must be a number above 0, got \"" + cell +
                "\"\n  hint: write it as 1234.5");
    }
  }

  TEST_CASE("a printed number stands for all that round to it") {
    const CsvTable table = parse_csv("a,b,c,d\n282.2M,163,1.06B,0.5k\n", "figures.csv");
    const CsvRow row(table, table.rows.front());
    CHECK(printed_number(row, "a").value == 282.2 * 1e6);
    CHECK(printed_number(row, "a").rounding == doctest::Approx(0.05e6));
    CHECK(printed_number(row, "b").value == 163);
    CHECK(printed_number(row, "b").rounding == 0.5);
    CHECK(printed_number(row, "c").rounding == doctest::Approx(0.005e9));
    CHECK(printed_number(row, "d").value == 500);
    for (const std::string cell : {"M", "1.2.3", "-1M", "1e3M", "inf", "0"}) {
      CAPTURE(cell);
      CHECK(refused_cell(cell, [](const CsvRow& r) { printed_number(r, "width"); }) ==
            "figures.csv:3: column \"width\": must be a number above 0, as it is printed, got \"" +
                cell + "\"\n  hint: write it as 282.2M");
    }
  }
}

}  // namespace pipesim::published

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "models/keys/config_keys.hpp"
#include "support/commands/process.hpp"

namespace pipesim::test {

namespace {

std::string headings(const std::string& page) {
  std::istringstream lines(page);
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(".SH ")) all += line.substr(4) + "\n";
  }
  return all;
}

}  // namespace

TEST_SUITE("cli/shell/manual") {
  TEST_CASE("the manual page has the sections that man pages have, in their order") {
    const ProcessResult page = run_pipesim({"manual"});
    CHECK(page.exit_code == 0);
    CHECK(page.err.empty());
    CHECK(page.out.starts_with(".TH PIPESIM 1 "));
    CHECK(headings(page.out) ==
          "NAME\nSYNOPSIS\nDESCRIPTION\nCOMMANDS\nCONFIG\nFILES\nEXIT STATUS\nEXAMPLES\n"
          "SEE ALSO\n");
  }

  TEST_CASE("it names every command, option and key of the main sections") {
    const std::string page = run_pipesim({"manual"}).out;
    for (const char* text :
         {".SS \"pipesim simulate CONFIG\"", ".SS \"pipesim completion SHELL\"",
          "\\fB\\-\\-chrome\\-trace FILE\\fR", "\\fB\\-\\-clock wall|\\:measured\\fR"}) {
      CAPTURE(text);
      CHECK(page.find(text) != std::string::npos);
    }
    for (const Section section : {Section::pipeline, Section::training, Section::cluster}) {
      for (const ConfigKey& key : describe(section).keys) {
        CHECK(page.find("\\fB" + std::string(key.name) + "\\fR") != std::string::npos);
      }
    }
  }

  TEST_CASE("it is ASCII, as groff reads it") {
    const std::string page = run_pipesim({"manual"}).out;
    CHECK(std::ranges::all_of(page, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
    CHECK(page.find("\\[mu]") != std::string::npos);
    if (run_shell("command -v groff").exit_code != 0) return;
    const ProcessResult warnings = run_shell("$PIPESIM manual | groff -man -ww -z");
    CHECK(warnings.exit_code == 0);
    CHECK(warnings.err.empty());
  }

  TEST_CASE("mandoc finds nothing to say about it, where it is there") {
    if (run_shell("command -v mandoc").exit_code != 0) {
      MESSAGE("mandoc is not installed: the manual page is not checked");
      return;
    }
    const ProcessResult lint = run_shell("$PIPESIM manual | mandoc -Tlint -Wwarning");
    CHECK(lint.out.empty());
    CHECK(lint.exit_code == 0);
  }
}

}  // namespace pipesim::test

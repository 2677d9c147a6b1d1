#include "reports/text/display_width.hpp"

#include <doctest/doctest.h>

namespace pipesim {

TEST_SUITE("reports/text/display_width") {
  TEST_CASE("a sign takes one column: of East Asian scripts and emoji two: a mark none") {
    CHECK(display_width("") == 0);
    CHECK(display_width("gpipe µs → …") == 12);
    CHECK(display_width("日本語") == 6);
    CHECK(display_width("한국") == 4);
    CHECK(display_width("ｗｉｄｅ") == 8);
    CHECK(display_width("🚀") == 2);
    CHECK(display_width("e\u0301") == 1);
    CHECK(display_width("\u05e9\u05b8") == 1);  // A Hebrew letter with its vowel.
    CHECK(display_width("a\u200db") == 2);
  }

  TEST_CASE("bytes that are no UTF-8 take a column each") {
    CHECK(display_width("\xff\x9b") == 2);
    CHECK(display_width("\xe6\x97") == 2);          // The third byte is missing.
    CHECK(display_width("\xc0\x80") == 2);          // Longer than need be.
    CHECK(display_width("\xed\xa0\x80") == 3);      // Half of a pair of UTF-16.
    CHECK(display_width("\xf4\x90\x80\x80") == 4);  // Beyond the last sign.
  }

  TEST_CASE("what fits is left alone: else the last column is an ellipsis") {
    CHECK(cut_to_width("pipe", 4) == "pipe");
    CHECK(cut_to_width("pipes", 4) == "pip…");
    CHECK(cut_to_width("pipes", 1) == "…");
    CHECK(cut_to_width("pipes", 0) == "");
    CHECK(cut_to_width("日本語", 6) == "日本語");
    CHECK(cut_to_width("日本語", 5) == "日本…");
    CHECK(cut_to_width("日本語", 4) == "日…");  // Half a sign is none.
    CHECK(cut_to_width("e\u0301e\u0301", 2) == "e\u0301e\u0301");
  }
}

}  // namespace pipesim

#include "models/base/quoted_text.hpp"

#include <doctest/doctest.h>

#include "models/base/text_file.hpp"

namespace pipesim::test {

TEST_SUITE("models/base/quoted_text") {
  TEST_CASE("a short text is repeated as it is, but for control characters") {
    CHECK(abridged("") == "");
    CHECK(abridged("1f1b", 4) == "1f1b");
    CHECK(abridged("a\n\x1b[2J\x7f") == "a\\u000a\\u001b[2J\\u007f");
  }

  TEST_CASE("of a long text the beginning and the end are kept") {
    CHECK(abridged("0123456789abcdefghij", 15) == "0123456…fghij");
    CHECK(abridged(std::string(3000, 'x')).size() == 160);
  }

  TEST_CASE("no cut splits a character") {
    const std::string letters[] = {"é", "漢", "😀"};
    for (const std::string& letter : letters) {
      std::string text;
      for (int i = 0; i < 100; ++i) text += letter;
      for (std::size_t most = 10; most < 60; ++most) {
        CAPTURE(most);
        for (const char* before : {"", "a", "ab", "abc"}) {
          const std::string cut = abridged(std::string(before) + text, most);
          CHECK(cut.size() <= most);
          CHECK(cut.size() + 8 > most);
          CHECK(is_utf8(cut));
          CHECK(is_utf8(whole_characters(std::string(before) + text, most)));
        }
      }
    }
  }
}

}  // namespace pipesim::test

#include "reports/output.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace pipesim {

TEST_SUITE("reports/output") {
  TEST_CASE("text is handed on in blocks of 64 KiB and more, whole and in order") {
    std::vector<std::string> parts;
    Output out([&](std::string_view part) { parts.emplace_back(part); });
    std::string all;
    for (int line = 0; line < 20'000; ++line) {
      const std::string text = "line " + std::to_string(line) + "\n";
      all += text;
      out.append(text);
      out.end_of_line();
    }
    REQUIRE(parts.size() == 3);
    std::string joined;
    for (const std::string& part : parts) {
      CHECK(part.size() >= 65'536);
      CHECK(part.size() < 65'536 + 11);
      joined += part;
    }
    out.flush();
    joined += parts.at(3);
    CHECK(joined == all);
    out.flush();
    CHECK(parts.size() == 4);
  }
}

}  // namespace pipesim

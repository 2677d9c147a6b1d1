#include "reports/text/json_text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

namespace pipesim {

TEST_SUITE("reports/text/json_text") {
  TEST_CASE("two blanks for a level, a line for an element, nothing inside of what is empty") {
    const nlohmann::ordered_json json = {
        {"b", {{"list", {1, "two", nullptr}}, {"none", nlohmann::ordered_json::array()}}},
        {"a", true},
        {"nothing", nlohmann::ordered_json::object()}};
    CHECK(to_text(json) == json.dump(2) + "\n");
    CHECK(to_text("\u202e\n") == "\"\\u202e\\n\"\n");
    CHECK(to_text({{"\x1b", 1}}) == "{\n  \"\\u001b\": 1\n}\n");
  }

  TEST_CASE("numbers are the shortest decimals that read back the same") {
    CHECK(to_text(0.00652434076) == "0.00652434076\n");
    CHECK(to_text(1.487168604073) == "1.487168604073\n");
    CHECK(to_text(9.0) == "9.0\n");
    CHECK(to_text(-0.0) == "-0.0\n");
    CHECK(to_text(1e-5) == "1e-05\n");
    CHECK(to_text(1e22) == "1e+22\n");
    CHECK(to_text(100000.0) == "100000.0\n");
    CHECK(to_text(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807\n");
    CHECK(to_text(std::nan("")) == "null\n");
    CHECK(to_text(-std::numeric_limits<double>::infinity()) == "null\n");
  }

  TEST_CASE("of picoseconds in seconds no decimals are more than there are digits") {
    std::mt19937_64 random(7);
    for (int i = 0; i < 20'000; ++i) {
      const auto ps = static_cast<std::int64_t>(random() % 1'000'000'000'000'000);
      const double seconds = static_cast<double>(ps) / 1e12;
      const std::string text = to_text(seconds);
      CAPTURE(text);
      CHECK(std::stod(text) == seconds);
      const auto digits = std::ranges::count_if(
          text.substr(0, text.find('e')), [](char sign) { return sign >= '0' && sign <= '9'; });
      CHECK(digits <= 17);
      if (seconds > 1e-3) CHECK(digits <= 16);
    }
  }
}

}  // namespace pipesim

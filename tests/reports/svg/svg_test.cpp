#include "reports/svg/svg.hpp"

#include <doctest/doctest.h>

#include "support/written.hpp"

namespace pipesim {

TEST_SUITE("reports/svg/svg") {
  TEST_CASE("lengths are hundredths without zeros at the end") {
    CHECK(svg_length(0) == "0");
    CHECK(svg_length(6800) == "68");
    CHECK(svg_length(6830) == "68.3");
    CHECK(svg_length(6803) == "68.03");
    CHECK(svg_length(7) == "0.07");
    CHECK(svg_length(-50) == "-0.5");
  }

  TEST_CASE("a picture opens with its size, what it is, and a white page") {
    CHECK(test::written(begin_svg, pixels(9), Hundredths{450}, "a<b", "c&d") ==
          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"4.5\" "
          "viewBox=\"0 0 9 4.5\" role=\"img\" font-family=\"sans-serif\">\n"
          "<title>a&lt;b</title>\n<desc>c&amp;d</desc>\n"
          "<rect width=\"9\" height=\"4.5\" fill=\"#ffffff\"/>\n");
  }
}

}  // namespace pipesim

#include "reports/svg.hpp"

#include <doctest/doctest.h>

#include "support/written.hpp"

namespace pipesim {

TEST_SUITE("reports/svg") {
  TEST_CASE("lengths are hundredths without zeros at the end") {
    CHECK(svg_length(0) == "0");
    CHECK(svg_length(6800) == "68");
    CHECK(svg_length(6830) == "68.3");
    CHECK(svg_length(6803) == "68.03");
    CHECK(svg_length(7) == "0.07");
    CHECK(svg_length(-50) == "-0.5");
  }

  TEST_CASE("markup is text, and what XML does not allow becomes U+FFFD") {
    CHECK(xml_text("</script> & \"'") == "&lt;/script&gt; &amp; &quot;&#39;");
    CHECK(xml_text("a\x1b[31m\n\tb") == "a�[31m��b");
    CHECK(xml_text(std::string_view("\0", 1)) == "�");
    CHECK(xml_text("K₀ ≤ 3, 中, 😀") == "K₀ ≤ 3, 中, 😀");
    CHECK(xml_text("\u202eabc\u2066 \u200f\u2028\u061c") == "�abc� ���");
    CHECK(xml_text("\xef\xbf\xbe\xef\xbf\xbf") == "��");
  }

  TEST_CASE("bytes that are no UTF-8 become one U+FFFD each") {
    CHECK(xml_text("\xff") == "�");
    CHECK(xml_text("\xc3") == "�");                 // cut
    CHECK(xml_text("\xc0\xaf") == "��");            // overlong
    CHECK(xml_text("\xe0\x80\xaf") == "���");       // overlong
    CHECK(xml_text("\xed\xa0\x80") == "���");       // a surrogate
    CHECK(xml_text("\xf4\x90\x80\x80") == "����");  // above U+10FFFF
    CHECK(xml_text("\xe4\xb8x") == "��x");
  }

  TEST_CASE("a text is cut to columns, whole signs, the ellipsis included") {
    CHECK(cut_to_columns("12345", 5) == "12345");
    CHECK(cut_to_columns("123456", 5) == "1234…");
    CHECK(cut_to_columns("ääääää", 5) == "ääää…");
    CHECK(cut_to_columns("中中", 4) == "中中");
    CHECK(cut_to_columns("中中中", 5) == "中中…");
    CHECK(cut_to_columns("中中中", 4) == "中…");
    CHECK(cut_to_columns(std::string(1 << 20, 'x'), 4) == "xxx…");
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

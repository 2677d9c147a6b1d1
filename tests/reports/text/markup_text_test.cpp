#include "reports/text/markup_text.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace pipesim {

TEST_SUITE("reports/text/markup_text") {
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

  TEST_CASE("JSON in a script neither ends it nor opens a comment") {
    const nlohmann::ordered_json json = {{"</script>", "<!-- & \u2028"}};
    CHECK(script_json(json) == R"({"\u003c/script\u003e":"\u003c!-- \u0026 \u2028"})");
    CHECK(nlohmann::ordered_json::parse(script_json(json)) == json);
  }

  TEST_CASE("a text is shortened to whole characters") {
    CHECK(shortened("aé", 3) == "aé");
    CHECK(shortened("aé", 2) == "a…");
  }
}

}  // namespace pipesim

#include "reports/text/number_text.hpp"

#include <doctest/doctest.h>

namespace pipesim {

TEST_SUITE("reports/text/number_text") {
  TEST_CASE("a time has four significant digits in the unit that suits it, without idle zeros") {
    CHECK(readable(0_ps) == "0 ps");
    CHECK(readable(999_ps) == "999 ps");
    CHECK(readable(1_ns) == "1 ns");
    CHECK(readable(1234_ps) == "1.234 ns");
    CHECK(readable(12'345_ps) == "12.35 ns");
    CHECK(readable(123'450_ps) == "123.5 ns");
    CHECK(readable(1500_us) == "1.5 ms");
    CHECK(readable(2_us) == "2 µs");
    CHECK(readable(1'000'000_us) == "1 s");
    CHECK(readable(12'340'000'000_us) == "12340 s");
    CHECK(readable(0_ps - 1500_us) == "-1.5 ms");
  }

  TEST_CASE("bytes are in binary units: below 1 KiB whole") {
    CHECK(readable_bytes(0) == "0 B");
    CHECK(readable_bytes(1023) == "1023 B");
    CHECK(readable_bytes(1024) == "1 KiB");
    CHECK(readable_bytes(1536) == "1.5 KiB");
    CHECK(readable_bytes(Bytes{25} << 19) == "12.5 MiB");
    CHECK(readable_bytes(Bytes{16} << 30) == "16 GiB");
    CHECK(readable_bytes(Bytes{3} << 40) == "3 TiB");
  }

  TEST_CASE("a fraction is a percentage with two decimals") {
    CHECK(percent(0) == "0.00 %");
    CHECK(percent(3.0 / 11) == "27.27 %");
    CHECK(percent(1) == "100.00 %");
    CHECK(percent(-0.012345) == "-1.23 %");
  }

  TEST_CASE("a rate has a letter for its thousands where it is large") {
    CHECK(readable_rate(1.0 / 3) == "0.3333");
    CHECK(readable_rate(12.5) == "12.5");
    CHECK(readable_rate(9999) == "9999");
    CHECK(readable_rate(37'020) == "37.02 k");
    CHECK(readable_rate(1.234e6) == "1.234 M");
    CHECK(readable_rate(5e9) == "5 G");
  }

  TEST_CASE("a slow rate keeps three significant digits") {
    CHECK(readable_rate(0.024390) == "0.02439");
    CHECK(readable_rate(0.0004) == "0.0004");
  }

  TEST_CASE("parameters are counted in thousands, millions, billions and trillions") {
    CHECK(readable_count(999) == "999");
    CHECK(readable_count(124'439'808) == "124.4 M");
    CHECK(readable_count(174.59e9) == "174.6 B");
    CHECK(readable_count(1.008e12) == "1.008 T");
  }

  TEST_CASE("what a terminal would obey is shown as JSON escapes it") {
    CHECK(printable("plain text, größer, …, 日本, שלום") == "plain text, größer, …, 日本, שלום");
    CHECK(printable("\x1b[31mred\x1b[0m") == R"(\u001b[31mred\u001b[0m)");
    CHECK(printable("a\nb\tc\rd") == R"(a\u000ab\u0009c\u000dd)");
    CHECK(printable(std::string_view("\0\x1f\x7f", 3)) == R"(\u0000\u001f\u007f)");
    CHECK(printable("\u0080\u009b31m\u009f") == R"(\u0080\u009b31m\u009f)");
    CHECK(printable("\u00a0\u00e9") == "\u00a0\u00e9");  // Not C1.
    CHECK(printable("") == "");
  }

  TEST_CASE("marks that turn the text around them, and separators of lines, are shown, too") {
    CHECK(printable("\u061c\u200e\u200f") == R"(\u061c\u200e\u200f)");
    CHECK(printable("\u202a\u202e\u2066\u2069") == R"(\u202a\u202e\u2066\u2069)");
    CHECK(printable("a\u2028b\u2029") == R"(a\u2028b\u2029)");
    CHECK(printable("\u2027\u202f\u2065\u206a") == "\u2027\u202f\u2065\u206a");
  }

  TEST_CASE("a byte that is no UTF-8 is shown as its number: it may be a control character") {
    CHECK(printable("a\x9b"
                    "31m\xff\xe6\x97") == R"(a\x9b31m\xff\xe6\x97)");
  }

  TEST_CASE("a name that is longer than a line has room for is cut") {
    CHECK(short_name("gpipe-k4-m8") == "gpipe-k4-m8");
    CHECK(short_name("a\x1b") == R"(a\u001b)");
    CHECK(short_name(std::string(60, 'x')) == std::string(60, 'x'));
    CHECK(short_name(std::string(1 << 20, 'x')) == std::string(59, 'x') + "…");
    std::string wide;
    for (int i = 0; i < 1000; ++i) wide += "語";
    CHECK(short_name(wide) == wide.substr(0, 29 * 3) + "…");
    std::string marks = "e";
    for (int i = 0; i < 100000; ++i) marks += "\u0301";
    CHECK(short_name(marks).size() <= 4100);
  }
}

}  // namespace pipesim

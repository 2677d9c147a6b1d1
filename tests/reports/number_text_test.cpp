#include "reports/number_text.hpp"

#include <doctest/doctest.h>

namespace pipesim {

TEST_SUITE("reports/number_text") {
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

  TEST_CASE("bytes are in binary units; below 1 KiB whole") {
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

  TEST_CASE("what a terminal would obey is shown as a question mark") {
    CHECK(printable("plain text, größer, …, 日本") == "plain text, größer, …, 日本");
    CHECK(printable("\x1b[31mred\x1b[0m") == "?[31mred?[0m");
    CHECK(printable("a\nb\tc\rd") == "a?b?c?d");
    CHECK(printable(std::string_view("\0\x1f\x7f", 3)) == "???");
    CHECK(printable("\u0080\u009b31m\u009f") == "??31m?");  // C1: one sign each.
    CHECK(printable("\u00a0\u00e9") == "\u00a0\u00e9");     // Not C1.
    CHECK(printable("") == "");
  }
}

}  // namespace pipesim

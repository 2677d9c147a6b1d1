#include "models/base/units.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace pipesim {

TEST_SUITE("models/base/units") {
  TEST_CASE("each unit of time stands for its number of seconds") {
    const auto time = [](std::string_view text) { return parse_quantity(text, Dimension::time); };
    CHECK(time("3 s") == 3.0);
    CHECK(time("3 ms") == 3 * 1e-3);
    CHECK(time("3 us") == 3 * 1e-6);
    CHECK(time("3 \u00b5s") == 3 * 1e-6);  // micro sign
    CHECK(time("3 \u03bcs") == 3 * 1e-6);  // Greek mu
    CHECK(time("3 ns") == 3 * 1e-9);
    CHECK(time("3 ps") == 3 * 1e-12);
    CHECK(time("3 min") == 180.0);
    CHECK(time("3 h") == 10800.0);
  }

  TEST_CASE("decimal units of bytes are powers of 1000, binary ones of 1024") {
    const auto bytes = [](std::string_view text) { return parse_quantity(text, Dimension::bytes); };
    CHECK(bytes("7 B") == 7.0);
    CHECK(bytes("7 byte") == 7.0);
    CHECK(bytes("7 bytes") == 7.0);
    CHECK(bytes("7 kB") == 7e3);
    CHECK(bytes("7 KB") == 7e3);
    CHECK(bytes("7 MB") == 7e6);
    CHECK(bytes("7 GB") == 7e9);
    CHECK(bytes("7 TB") == 7e12);
    CHECK(bytes("7 PB") == 7e15);
    CHECK(bytes("7 KiB") == 7168.0);
    CHECK(bytes("7 MiB") == 7340032.0);
    CHECK(bytes("16 GiB") == 17179869184.0);
    CHECK(bytes("1 TiB") == 1099511627776.0);
  }

  TEST_CASE("a bandwidth in bits is an eighth of that in bytes") {
    const auto rate = [](std::string_view text) {
      return parse_quantity(text, Dimension::bandwidth);
    };
    CHECK(rate("25 GB/s") == 25e9);
    CHECK(rate("200 Gbit/s") == 25e9);
    CHECK(rate("200 Gb/s") == 25e9);
    CHECK(rate("200 Gbps") == 25e9);
    CHECK(rate("8 bit/s") == 1.0);
    CHECK(rate("8 kbit/s") == 1e3);
    CHECK(rate("8 Mbit/s") == 1e6);
    CHECK(rate("8 Mb/s") == 1e6);
    CHECK(rate("8 Tbit/s") == 1e12);
    CHECK(rate("8 Tb/s") == 1e12);
    CHECK(rate("4 B/s") == 4.0);
    CHECK(rate("4 bytes/s") == 4.0);
    CHECK(rate("4 kB/s") == 4e3);
    CHECK(rate("4 KB/s") == 4e3);
    CHECK(rate("4 MB/s") == 4e6);
    CHECK(rate("4 TB/s") == 4e12);
    CHECK(rate("4 KiB/s") == 4096.0);
    CHECK(rate("4 MiB/s") == 4194304.0);
    CHECK(rate("4 GiB/s") == 4294967296.0);
    CHECK(rate("4 TiB/s") == 4398046511104.0);
  }

  TEST_CASE("a compute rate is in FLOP/s, FLOPS counting as per second") {
    const auto rate = [](std::string_view text) {
      return parse_quantity(text, Dimension::compute);
    };
    CHECK(rate("312 TFLOP/s") == 312e12);
    CHECK(rate("312 TFLOPS") == 312e12);
    CHECK(rate("5 FLOP/s") == 5.0);
    CHECK(rate("5 kFLOP/s") == 5e3);
    CHECK(rate("5 MFLOP/s") == 5e6);
    CHECK(rate("5 MFLOPS") == 5e6);
    CHECK(rate("5 GFLOP/s") == 5e9);
    CHECK(rate("5 GFLOPS") == 5e9);
    CHECK(rate("5 PFLOP/s") == 5e15);
    CHECK(rate("5 PFLOPS") == 5e15);
    CHECK(rate("5 EFLOP/s") == 5e18);
  }

  TEST_CASE(
      "blanks around the number and its unit do not matter, nor does an E that starts a unit") {
    CHECK(parse_quantity("1.5ms", Dimension::time) == 1.5 * 1e-3);
    CHECK(parse_quantity("  1.5 \t ms ", Dimension::time) == 1.5 * 1e-3);
    CHECK(parse_quantity("1.5e3 ms", Dimension::time) == 1500 * 1e-3);
    CHECK(parse_quantity("3EFLOP/s", Dimension::compute) == 3e18);
    CHECK(parse_quantity("-2 s", Dimension::time) == -2.0);
  }

  TEST_CASE("a unit of another dimension, an unknown one or none at all is no quantity") {
    for (const std::string_view text : {"5 GiB", "5", "5 S", "5 MS", "5 sec", "5 s s", "5 GB/s"}) {
      CAPTURE(text);
      CHECK(parse_quantity(text, Dimension::time) == std::nullopt);
    }
    for (const std::string_view text : {"5 ms", "5 gib", "5 b", "5 GB/s", "5 Gbit"}) {
      CAPTURE(text);
      CHECK(parse_quantity(text, Dimension::bytes) == std::nullopt);
    }
    CHECK(parse_quantity("5 GB", Dimension::bandwidth) == std::nullopt);
    CHECK(parse_quantity("5 TFLOP", Dimension::compute) == std::nullopt);
  }

  TEST_CASE("what is no finite number is no quantity") {
    for (const std::string_view text : {"", " ", "s", "nan s", "inf s", "-inf s", "infinity s",
                                        "1e999 s", "one s", "+1 s", "0x10 s", "1,5 s", ". s"}) {
      CAPTURE(text);
      CHECK(parse_quantity(text, Dimension::time) == std::nullopt);
    }
  }

  TEST_CASE("a time in a text is exact to the picosecond") {
    const auto ps = [](std::string_view text) {
      return to_time(parse_quantity(text, Dimension::time).value()).ps;
    };
    CHECK(ps("1.5 ms") == 1'500'000'000);
    CHECK(ps("0.1 ns") == 100);
    CHECK(ps("1 ps") == 1);
    CHECK(ps("3 us") == 3'000'000);
    CHECK(ps("123456789 ps") == 123'456'789);
    CHECK(ps("1234.567891 ns") == 1'234'568);
    CHECK(ps("2 h") == 7'200'000'000'000'000);
  }

  TEST_CASE("seconds become the nearest picosecond, up to the limit") {
    CHECK(to_time(0.0) == 0_ps);
    CHECK(to_time(1e-12) == 1_ps);
    CHECK(to_time(0.4e-12) == 0_ps);
    CHECK(to_time(0.6e-12) == 1_ps);
    CHECK(to_time(1.0).ps == 1'000'000'000'000);
    CHECK(to_time(4'611'686.0).ps == 4'611'686'000'000'000'000);
    CHECK(to_time(4'611'687.0) == Time::limit());
    CHECK(to_time(std::numeric_limits<double>::infinity()) == Time::limit());
    CHECK(to_time(std::nan("")) == Time::limit());
  }

  TEST_CASE("sums and products stop at 2^62 instead of overflowing") {
    constexpr Bytes most = std::numeric_limits<Bytes>::max();
    CHECK(capped_sum(Bytes{2}, Bytes{3}) == 5);
    CHECK(capped_sum(bytes_limit - 1, Bytes{1}) == bytes_limit);
    CHECK(capped_sum(bytes_limit, bytes_limit) == bytes_limit);
    CHECK(capped_sum(most, most) == bytes_limit);
    CHECK(capped_product(Bytes{6}, Bytes{7}) == 42);
    CHECK(capped_product(Bytes{1} << 31, Bytes{1} << 30) == Bytes{1} << 61);
    CHECK(capped_product(Bytes{1} << 31, Bytes{1} << 32) == bytes_limit);
    CHECK(capped_product(most, most) == bytes_limit);
    CHECK(capped_sum(Time::limit(), 1_ps) == Time::limit());
    CHECK(capped_product(Time::limit(), 2) == Time::limit());
  }

  TEST_CASE("times add, subtract, scale and compare exactly") {
    CHECK(1_us == 1000_ns);
    CHECK(1_ns == 1000_ps);
    CHECK(1_us + 1_ps == Time{1'000'001});
    CHECK(1_us - 1_ps == Time{999'999});
    CHECK(3 * 2_ns == 6_ns);
    CHECK(2_ns * 3 == 6_ns);
    CHECK(1_ns < 1001_ps);
    CHECK(seconds(1_us) == 1e-6);
  }
}

}  // namespace pipesim

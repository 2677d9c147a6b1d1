#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pipesim {

/// A point in time or a duration: whole picoseconds. Sums, products and comparisons are exact, so
/// that closed forms hold with `==` and every machine computes the same. The largest duration that
/// a config may ask for is `Time::limit()`, 2^62 ps, about 53 days.
struct Time {
  std::int64_t ps = 0;

  static constexpr Time limit() { return {std::int64_t{1} << 62}; }

  auto operator<=>(const Time&) const = default;
  constexpr Time& operator+=(Time other) { return ps += other.ps, *this; }
  constexpr Time& operator-=(Time other) { return ps -= other.ps, *this; }
};

constexpr Time operator+(Time a, Time b) {
  return {a.ps + b.ps};
}
constexpr Time operator-(Time a, Time b) {
  return {a.ps - b.ps};
}
constexpr Time operator*(Time a, std::int64_t n) {
  return {a.ps * n};
}
constexpr Time operator*(std::int64_t n, Time a) {
  return {a.ps * n};
}

constexpr Time operator""_ps(unsigned long long n) {
  return {static_cast<std::int64_t>(n)};
}
constexpr Time operator""_ns(unsigned long long n) {
  return {static_cast<std::int64_t>(n) * 1000};
}
constexpr Time operator""_us(unsigned long long n) {
  return {static_cast<std::int64_t>(n) * 1'000'000};
}

/// Seconds as the nearest double.
constexpr double seconds(Time t) {
  return static_cast<double>(t.ps) / 1e12;
}

/// The nearest picosecond. The one way from floating-point seconds to Time; saturates at the limit.
Time to_time(double seconds);

/// Bytes of memory or of a message. Totals stay below 2^62.
using Bytes = std::int64_t;
constexpr Bytes bytes_limit = Bytes{1} << 62;

/// Sums and products of what must stay below 2^62, picoseconds or bytes: they stop there instead of
/// overflowing, so that a total that is too large is seen as such when it is checked.
constexpr std::int64_t capped_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) || sum > bytes_limit ? bytes_limit : sum;
}
constexpr std::int64_t capped_product(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) || product > bytes_limit ? bytes_limit : product;
}
constexpr Time capped_sum(Time a, Time b) {
  return {capped_sum(a.ps, b.ps)};
}
constexpr Time capped_product(Time a, std::int64_t n) {
  return {capped_product(a.ps, n)};
}

/// Wide enough for the product of two of them.
__extension__ using Int128 = __int128;

/// What a quantity in a config measures. Each has a base unit: s, bytes, bytes/s, FLOP/s.
enum class Dimension { time, bytes, bandwidth, compute };

/// "a time", "a size in bytes", …: for error messages.
std::string_view noun(Dimension dimension);

/// How to write such a quantity, with the units that are known: for hints.
std::string_view how_to_write(Dimension dimension);

/// The units that such a quantity may be written in.
std::vector<std::string_view> unit_names(Dimension dimension);

/// Reads "1.5 ms", "16 GiB", "25 GB/s", "200 Gbit/s" or "312 TFLOP/s" into the base unit.
/// Nothing when the text is no number followed by a unit of that dimension.
std::optional<double> parse_quantity(std::string_view text, Dimension dimension);

}  // namespace pipesim

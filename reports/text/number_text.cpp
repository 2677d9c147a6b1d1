#include "reports/text/number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "reports/text/code_point.hpp"
#include "reports/text/display_width.hpp"

namespace pipesim {

namespace {

// Four significant digits, without zeros at the end of a fraction.
std::string significant(double value) {
  const double size = std::abs(value);
  const int digits = size == 0 ? 1 : 1 + static_cast<int>(std::floor(std::log10(size)));
  std::string text = fmt::format("{:.{}f}", value, std::max(0, 4 - std::max(digits, -8)));
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

struct Prefix {
  double scale;
  std::string_view name;
};

// In the largest unit of which it is at least one, as it is written: 999.96 ns is 1 µs.
std::string scaled(double value, std::span<const Prefix> largest_first) {
  for (const Prefix& prefix : largest_first) {
    constexpr double rounds_up = 0.99995;
    if (std::abs(value) >= rounds_up * prefix.scale) {
      return fmt::format("{} {}", significant(value / prefix.scale), prefix.name);
    }
  }
  const Prefix& smallest = largest_first.back();
  return fmt::format("{} {}", significant(value / smallest.scale), smallest.name);
}

constexpr Prefix time_units[] = {{1e12, "s"}, {1e9, "ms"}, {1e6, "µs"}, {1e3, "ns"}, {1, "ps"}};
constexpr Prefix byte_units[] = {
    {0x1p40, "TiB"}, {0x1p30, "GiB"}, {0x1p20, "MiB"}, {0x1p10, "KiB"}, {1, "B"}};
constexpr Prefix rate_prefixes[] = {{1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
constexpr Prefix count_units[] = {{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}};

// C0, DEL and C1; marks, embeddings, overrides and isolates of direction; line separators.
bool is_obeyed(std::uint32_t sign) {
  const auto is_within = [&](std::uint32_t first, std::uint32_t last) {
    return sign >= first && sign <= last;
  };
  return sign < 0x20 || is_within(0x7f, 0x9f) || sign == 0x061c || is_within(0x200e, 0x200f) ||
         is_within(0x2028, 0x202e) || is_within(0x2066, 0x2069);
}

}  // namespace

std::string readable(Time time) {
  return scaled(static_cast<double>(time.ps), time_units);
}

std::string readable_bytes(Bytes bytes) {
  return scaled(static_cast<double>(bytes), byte_units);
}

std::string percent(double fraction) {
  return fmt::format("{:.2f} %", 100 * fraction);
}

std::string readable_rate(double per_second) {
  return per_second < 1e4 ? significant(per_second) : scaled(per_second, rate_prefixes);
}

std::string readable_count(double count) {
  return count < 1e3 ? significant(count) : scaled(count, count_units);
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint sign = first_code_point(text);
    if (!sign.is_valid) {
      out += fmt::format("\\x{:02x}", sign.value);
    } else if (is_obeyed(sign.value)) {
      out += fmt::format("\\u{:04x}", sign.value);
    } else {
      out += text.substr(0, sign.bytes);
    }
    text.remove_prefix(sign.bytes);
  }
  return out;
}

std::string short_name(std::string_view name) {
  constexpr std::size_t most_columns = 60;
  constexpr std::size_t most_bytes = 4096;  // Marks that combine take no columns.
  return cut_to_width(printable(name.substr(0, most_bytes)), most_columns);
}

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

}  // namespace pipesim

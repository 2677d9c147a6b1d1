#include "reports/number_text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace pipesim {

namespace {

std::string significant(double value) {
  const double size = std::abs(value);
  const int decimals = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

}  // namespace

std::string readable(Time time) {
  const auto ps = static_cast<double>(time.ps);
  const double size = std::abs(ps);
  if (size >= 1e12) return significant(ps / 1e12) + " s";
  if (size >= 1e9) return significant(ps / 1e9) + " ms";
  if (size >= 1e6) return significant(ps / 1e6) + " µs";
  if (size >= 1e3) return significant(ps / 1e3) + " ns";
  return fmt::format("{} ps", time.ps);
}

std::string readable_bytes(Bytes bytes) {
  const auto value = static_cast<double>(bytes);
  constexpr double kib = 1024;
  if (value >= kib * kib * kib * kib) return significant(value / (kib * kib * kib * kib)) + " TiB";
  if (value >= kib * kib * kib) return significant(value / (kib * kib * kib)) + " GiB";
  if (value >= kib * kib) return significant(value / (kib * kib)) + " MiB";
  if (value >= kib) return significant(value / kib) + " KiB";
  return fmt::format("{} B", bytes);
}

std::string percent(double fraction) {
  return fmt::format("{:.2f} %", 100 * fraction);
}

std::string readable_rate(double per_second) {
  if (per_second >= 1e15) return significant(per_second / 1e15) + " P";
  if (per_second >= 1e12) return significant(per_second / 1e12) + " T";
  if (per_second >= 1e9) return significant(per_second / 1e9) + " G";
  if (per_second >= 1e6) return significant(per_second / 1e6) + " M";
  if (per_second >= 1e4) return significant(per_second / 1e3) + " k";
  return significant(per_second);
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool is_c1 = c == 0xc2 && i + 1 < text.size() &&
                       static_cast<unsigned char>(text[i + 1]) < 0xa0;  // U+0080 to U+009F
    if (c < 0x20 || c == 0x7f || is_c1) {
      out += '?';
      i += is_c1 ? 1 : 0;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace pipesim

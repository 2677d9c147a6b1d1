#include "reports/text/code_point.hpp"

namespace pipesim {

namespace {

struct Form {
  unsigned char mask;
  unsigned char lead;
  std::uint32_t least;  // Of what may be written with that many bytes.
};
constexpr Form forms[] = {
    {0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

bool may_be_written(std::uint32_t value, std::uint32_t least) {
  const bool is_surrogate = value >= 0xd800 && value < 0xe000;
  return value >= least && value <= 0x10ffff && !is_surrogate;
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const CodePoint lone{.value = byte(0), .bytes = 1};
  std::size_t length = 1;
  for (const Form& form : forms) {
    if ((byte(0) & form.mask) != form.lead) {
      ++length;
      continue;
    }
    if (length > text.size()) return lone;
    std::uint32_t value = byte(0) & static_cast<unsigned char>(~form.mask);
    for (std::size_t i = 1; i < length; ++i) {
      if ((byte(i) & 0xc0) != 0x80) return lone;
      value = value << 6 | (byte(i) & 0x3f);
    }
    if (!may_be_written(value, form.least)) return lone;
    return {.value = value, .bytes = length, .is_valid = true};
  }
  return lone;
}

}  // namespace pipesim

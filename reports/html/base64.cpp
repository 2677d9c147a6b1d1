#include "reports/html/base64.hpp"

#include <cstdint>

namespace pipesim {

namespace {

constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Up to three bytes as four letters.
void append_group(fmt::memory_buffer& text, std::string_view bytes) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    bits = bits << 8 | (i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : 0);
  }
  for (std::size_t letter = 0; letter < 4; ++letter) {
    const std::uint32_t index = bits >> (18 - 6 * letter) & 63;
    text.push_back(letter <= bytes.size() ? alphabet[index] : '=');
  }
}

}  // namespace

void Base64::add(std::string_view bytes) {
  while (!rest_.empty() && rest_.size() < 3 && !bytes.empty()) {
    rest_ += bytes.front();
    bytes.remove_prefix(1);
  }
  if (rest_.size() == 3) {
    append_group(out_.text(), rest_);
    rest_.clear();
  }
  for (; bytes.size() >= 3; bytes.remove_prefix(3)) append_group(out_.text(), bytes.substr(0, 3));
  rest_ += bytes;
  out_.end_of_line();
}

void Base64::finish() {
  if (!rest_.empty()) append_group(out_.text(), rest_);
  rest_.clear();
}

}  // namespace pipesim

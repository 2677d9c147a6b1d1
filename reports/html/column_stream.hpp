#pragma once

#include <array>
#include <cstdint>

#include "reports/html/base64.hpp"
#include "reports/text/compressor.hpp"

namespace pipesim {

/// Numbers on their way into a page: as varints (LEB128: 7 bits a byte, least first), compressed by
/// zlib, as base64. Takes the memory of two blocks, whatever is put in.
class ColumnStream {
 public:
  explicit ColumnStream(Output& out);

  void put_byte(std::uint8_t byte) {
    if (used_ == block_.size()) hand_on();
    block_[used_++] = static_cast<char>(byte);
  }
  /// Most numbers are small: one byte.
  void put(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) put_byte(static_cast<std::uint8_t>(number | 0x80));
    put_byte(static_cast<std::uint8_t>(number));
  }
  /// Zigzag: 0, -1, 1, -2, … become 0, 1, 2, 3, …
  void put_signed(std::int64_t number) {
    put((static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63));
  }
  void finish();

 private:
  Base64 base64_;
  Compressor compressor_;
  std::array<char, 1 << 16> block_{};
  std::size_t used_ = 0;

  void hand_on();
};

}  // namespace pipesim

#pragma once

#include <memory>

#include "reports/text/output.hpp"

namespace pipesim {

/// What stands around compressed data: zlib's two bytes and checksum (RFC 1950), or gzip's header
/// (RFC 1952), without a name or a time, so that the same text gives the same bytes.
enum class CompressedFormat { zlib, gzip };

/// Compresses what is added, and hands it on a block at a time. O(1) memory, about 300 kB.
class Compressor {
 public:
  Compressor(CompressedFormat format, Output::Sink sink);
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ~Compressor();

  void add(std::string_view data);
  void finish();  ///< Hands on the rest. Nothing may be added after it.

 private:
  struct State;  // Keeps zlib's header in the .cpp file.
  std::unique_ptr<State> state_;
  Output::Sink sink_;

  void deflate_all(std::string_view data, int flush);
};

}  // namespace pipesim

#include "reports/text/compressor.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <stdexcept>

namespace pipesim {

struct Compressor::State {
  z_stream stream{};
  std::array<unsigned char, 1 << 16> block{};
};

Compressor::Compressor(CompressedFormat format, Output::Sink sink)
    : state_(std::make_unique<State>()), sink_(std::move(sink)) {
  constexpr int window_bits = 15;
  constexpr int for_gzip = 16;  // Added to the window's, it asks for gzip's header.
  constexpr int memory_level = 8;
  const int bits = format == CompressedFormat::gzip ? window_bits + for_gzip : window_bits;
  if (deflateInit2(&state_->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

Compressor::~Compressor() {
  deflateEnd(&state_->stream);
}

void Compressor::add(std::string_view data) {
  constexpr std::size_t most = std::numeric_limits<uInt>::max();
  for (; !data.empty(); data.remove_prefix(std::min(most, data.size()))) {
    deflate_all(data.substr(0, most), Z_NO_FLUSH);
  }
}

void Compressor::finish() {
  deflate_all({}, Z_FINISH);
}

void Compressor::deflate_all(std::string_view data, int flush) {
  z_stream& stream = state_->stream;
  // zlib reads through a pointer to non-const, and writes nothing there.
  stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  do {
    stream.next_out = state_->block.data();
    stream.avail_out = static_cast<uInt>(state_->block.size());
    if (deflate(&stream, flush) == Z_STREAM_ERROR) throw std::logic_error("zlib lost its state");
    const std::size_t made = state_->block.size() - stream.avail_out;
    if (made > 0) sink_({reinterpret_cast<const char*>(state_->block.data()), made});
  } while (stream.avail_out == 0);
}

}  // namespace pipesim

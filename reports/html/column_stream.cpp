#include "reports/html/column_stream.hpp"

namespace pipesim {

ColumnStream::ColumnStream(Output& out)
    : base64_(out),
      compressor_(CompressedFormat::zlib, [this](std::string_view bytes) { base64_.add(bytes); }) {}

void ColumnStream::hand_on() {
  compressor_.add({block_.data(), used_});
  used_ = 0;
}

void ColumnStream::finish() {
  hand_on();
  compressor_.finish();
  base64_.finish();
}

}  // namespace pipesim

#pragma once

#include <fmt/format.h>

#include <functional>
#include <string_view>

namespace pipesim {

/// Text on its way out: collected in a block and handed on when the block is full, so that a report
/// of any size takes the memory of one block.
class Output {
 public:
  using Sink = std::function<void(std::string_view)>;
  explicit Output(Sink sink) : sink_(std::move(sink)) {}

  /// Where to append. Call end_of_line() now and then.
  fmt::memory_buffer& text() { return text_; }
  void append(std::string_view text) { text_.append(text.data(), text.data() + text.size()); }

  /// A good moment to hand on what has been collected.
  void end_of_line() {
    constexpr std::size_t block = std::size_t{1} << 16;
    if (text_.size() >= block) flush();
  }
  void flush() {
    if (text_.size() > 0) sink_({text_.data(), text_.size()});
    text_.clear();
  }

 private:
  Sink sink_;
  fmt::memory_buffer text_{};
};

}  // namespace pipesim

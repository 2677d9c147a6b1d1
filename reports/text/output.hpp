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

  /// A writer that knows what is yet to come says which share of its text it has appended.
  void reached(double share) { share_ = part_begin_ + share * part_size_; }
  /// What reached() says from now on is of one of several texts of the same size, the `index`th.
  void begin_part(std::size_t index, std::size_t parts) {
    part_size_ = 1 / static_cast<double>(parts);
    part_begin_ = static_cast<double>(index) * part_size_;
  }
  /// Of all the text, as far as its writers say; 0: not known.
  double share() const { return share_; }

 private:
  Sink sink_;
  double share_ = 0;
  double part_begin_ = 0;
  double part_size_ = 1;
  fmt::memory_buffer text_{};
};

}  // namespace pipesim

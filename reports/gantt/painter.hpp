#pragma once

#include <array>
#include <string>
#include <string_view>

#include "reports/text/output.hpp"
#include "reports/text/terminal_colours.hpp"

namespace pipesim {

/// Writes painted text: what adjoins in one colour is one run, between one escape and one reset.
class Painter {
 public:
  Painter(Output& out, Colours colours) : out_(out) {
    for (std::size_t kind = 0; kind < escapes_.size(); ++kind) {
      escapes_[kind] = colour_escape(static_cast<OpKind>(kind), colours);
    }
  }

  /// `gap` stands before it, and is painted where both sides have the colour.
  void painted(OpKind kind, std::string_view text, std::string_view gap = {}) {
    const std::string& escape = escapes_[static_cast<std::size_t>(kind)];
    const bool goes_on = escape == *now_;
    if (!goes_on) end_run();
    out_.append(gap);
    if (!goes_on) out_.append(escape);
    now_ = &escape;
    out_.append(text);
  }
  void plain(std::string_view text) {
    end_run();
    out_.append(text);
  }
  void end_run() {
    if (!now_->empty()) out_.append(end_of_colour);
    now_ = &none_;
  }

 private:
  Output& out_;
  std::array<std::string, op_kinds> escapes_{};
  std::string none_{};
  const std::string* now_ = &none_;
};

}  // namespace pipesim

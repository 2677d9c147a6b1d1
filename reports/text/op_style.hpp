#pragma once

#include <string_view>

#include "schedules/core/op.hpp"

namespace pipesim {

/// How pictures paint a kind of op: `#rrggbb` of its box, and of what is written on it.
struct OpStyle {
  std::string_view fill;
  std::string_view ink;
};

/// The palette of Okabe and Ito ("Color Universal Design", 2008), whose hues people with any of the
/// common colour blindnesses tell apart. Sends and receives, and what shards a stage, are grey.
OpStyle style_of(OpKind kind);

}  // namespace pipesim

#pragma once

#include <string>

#include "schedules/core/op.hpp"

namespace pipesim {

/// How many colours text is painted with.
enum class Colours { none, sixteen, palette_256, true_colour };

/// The escape sequence that begins text in an op's colours: of `op_style` where the terminal can
/// show them, or the nearest of the 240 fixed ones of a palette of 256; of the sixteen that every
/// terminal has but themes may change, others that are as far apart. Empty for `none`.
std::string colour_escape(OpKind kind, Colours colours);

/// Ends what `colour_escape` began.
inline constexpr std::string_view end_of_colour = "\x1b[0m";

}  // namespace pipesim

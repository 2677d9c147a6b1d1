#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pipesim {

/// Columns that a text takes on a terminal: signs of East Asian scripts and emoji take two, marks
/// that combine with the sign before them none. Bytes that are no UTF-8 take one each. Escape
/// sequences are not known here.
std::size_t display_width(std::string_view text);

/// The text, cut to that many columns; where it is cut, the last of them is "…".
std::string cut_to_width(std::string_view text, std::size_t columns);

}  // namespace pipesim

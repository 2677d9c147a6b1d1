#pragma once

#include <string>
#include <string_view>

#include "models/units.hpp"

namespace pipesim {

/// Four significant digits in a readable unit: "1.234 ms".
std::string readable(Time time);

/// "12.5 MiB"; whole bytes below 1 KiB.
std::string readable_bytes(Bytes bytes);

/// A fraction as percent with two decimals: "27.27 %".
std::string percent(double fraction);

/// A rate with four significant digits and the prefix of its unit: "259.1 k", "15.75 G".
std::string readable_rate(double per_second);

/// A number of parameters with four significant digits: "174.6 B", "1.008 T".
std::string readable_count(double count);

/// The text with control characters, which a terminal would obey, replaced by "?".
std::string printable(std::string_view text);

/// The text as a cell of a Markdown table: a bar would end it.
std::string markdown_cell(std::string_view text);

}  // namespace pipesim

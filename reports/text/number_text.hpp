#pragma once

#include <string>
#include <string_view>

#include "models/base/units.hpp"

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

/// The text with what a terminal would obey, or be confused by, as JSON would escape it: control
/// characters (ESC is \u001b), marks that change the direction of the text around them (\u202e),
/// separators of lines. Bytes that are no UTF-8 are \x9b.
std::string printable(std::string_view text);

/// The same of a name, cut to a length that leaves room for what stands beside it.
std::string short_name(std::string_view name);

/// The same as a cell of a Markdown table: a bar would end it.
std::string markdown_cell(std::string_view text);

}  // namespace pipesim

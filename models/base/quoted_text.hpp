#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pipesim {

/// The beginning of a text, as many whole characters as `most_bytes` hold.
std::string_view whole_characters(std::string_view text, std::size_t most_bytes);

/// A text without the control characters that it may hold, which would break the line, or cut it.
std::string one_line(std::string_view text);

/// What an error repeats of its user's: one line, of a long text the beginning and the end.
std::string abridged(std::string_view text, std::size_t most_bytes = 160);

}  // namespace pipesim

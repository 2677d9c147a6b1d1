#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pipesim::test {

/// What a page shows of an output, held against what was printed: the first line shown that was not
/// found, or printed that is not shown; nothing where they agree. A line `…` stands for any lines,
/// `…` in a line for any text.
/// `measured`: numbers with their units, and how many blanks stand between words, are free.
std::optional<std::string> difference(const std::vector<std::string>& shown,
                                      const std::vector<std::string>& printed, bool measured);

/// The lines shown with what was printed in their place, as far as it is clear where.
std::vector<std::string> refreshed(const std::vector<std::string>& shown,
                                   const std::vector<std::string>& printed);

}  // namespace pipesim::test

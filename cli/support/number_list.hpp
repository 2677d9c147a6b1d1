#pragma once

#include <string>
#include <vector>

namespace pipesim::cli {

/// Whole numbers from 1, at most 65536 of them: "4", "2,4,8" or "1..64". Throws InputError naming
/// the option.
std::vector<int> read_number_list(const std::string& option, const std::string& text);

}  // namespace pipesim::cli

#pragma once

#include <string_view>

namespace pipesim::cli {

/// Writes a diagnostic to the standard error, off which the line about progress is taken first.
/// What can't be written is lost: it changes nothing about the result, nor about the exit code.
void tell(std::string_view text) noexcept;

}  // namespace pipesim::cli

#pragma once

#include <cstdint>
#include <string_view>

namespace pipesim {

/// A sign of a text: what stands in `bytes` of it.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 0;
  bool is_valid = false;  ///< Else it is a single byte that is no UTF-8.
};

/// The sign that a text begins with. The text must not be empty.
CodePoint first_code_point(std::string_view text);

}  // namespace pipesim

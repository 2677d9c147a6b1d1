#pragma once

#include <cstddef>

namespace pipesim {

/// A number of a stage, device or micro-batch, all of which count from 0, as the index of its row.
constexpr std::size_t as_index(int number) {
  return static_cast<std::size_t>(number);
}

}  // namespace pipesim

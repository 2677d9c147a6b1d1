#pragma once

#include <algorithm>
#include <vector>

namespace pipesim {

/// The value in the middle, the lower one of two. There must be one.
template <class T>
T median(std::vector<T> values) {
  const auto middle = values.begin() + (std::ssize(values) - 1) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace pipesim

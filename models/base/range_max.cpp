#include "models/base/range_max.hpp"

#include <algorithm>
#include <bit>

namespace pipesim {

RangeMax::RangeMax(std::vector<Bytes> values) {
  const std::size_t count = values.size();
  rows_.push_back(std::move(values));
  for (std::size_t half = 1; 2 * half <= count; half *= 2) {
    const std::vector<Bytes>& narrow = rows_.back();
    std::vector<Bytes> wide;
    for (std::size_t i = 0; i + half < narrow.size(); ++i) {
      wide.push_back(std::max(narrow[i], narrow[i + half]));
    }
    rows_.push_back(std::move(wide));
  }
}

// Two ranges of a power of two cover any range.
Bytes RangeMax::operator()(std::size_t first, std::size_t last) const {
  if (first == last) return 0;
  const auto level = static_cast<std::size_t>(std::bit_width(last - first) - 1);
  const std::vector<Bytes>& row = rows_[level];
  return std::max(row[first], row[last - (std::size_t{1} << level)]);
}

}  // namespace pipesim

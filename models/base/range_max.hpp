#pragma once

#include <cstddef>
#include <vector>

#include "models/base/units.hpp"

namespace pipesim {

/// The largest of any range of a list of sizes, in O(1); n log n numbers of memory.
class RangeMax {
 public:
  explicit RangeMax(std::vector<Bytes> values);

  /// Of entries [first, last); 0 when there is none.
  Bytes operator()(std::size_t first, std::size_t last) const;

 private:
  std::vector<std::vector<Bytes>> rows_{};  ///< [k][i]: of entries [i, i + 2^k).
};

}  // namespace pipesim

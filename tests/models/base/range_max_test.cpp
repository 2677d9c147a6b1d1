#include "models/base/range_max.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace pipesim {

TEST_SUITE("models/base/range_max") {
  TEST_CASE("the largest of every range is what a walk through it finds") {
    const std::vector<Bytes> values{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5};
    const RangeMax largest(values);
    for (std::size_t first = 0; first < values.size(); ++first) {
      CHECK(largest(first, first) == 0);
      for (std::size_t last = first + 1; last <= values.size(); ++last) {
        const auto begin = values.begin();
        CHECK(largest(first, last) == *std::max_element(begin + static_cast<std::ptrdiff_t>(first),
                                                        begin + static_cast<std::ptrdiff_t>(last)));
      }
    }
  }
}

}  // namespace pipesim

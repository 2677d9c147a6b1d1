#include "schedules/schedule.hpp"

#include <numeric>

namespace pipesim {

std::vector<int> one_stage_per_device(int stages) {
  std::vector<int> placement(static_cast<std::size_t>(stages));
  std::iota(placement.begin(), placement.end(), 0);
  return placement;
}

}  // namespace pipesim

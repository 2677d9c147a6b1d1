#include "sim/execute/kept_steps.hpp"

#include <algorithm>

#include "sim/engine/timeline.hpp"

namespace pipesim {

std::size_t most_kept_steps(std::size_t ops) {
  constexpr std::size_t most_bytes = std::size_t{256} << 20;
  const std::size_t bytes = std::max<std::size_t>(1, ops) * sizeof(Interval);
  return std::clamp<std::size_t>(most_bytes / bytes, 5, 64);
}

}  // namespace pipesim

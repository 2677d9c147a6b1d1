#pragma once

#include <algorithm>
#include <vector>

#include "models/units.hpp"

namespace pipesim {

/// When each device wants its turn, and whose comes first: a tournament, O(log devices) a change.
/// Of two at the same time the lower device wins.
class EarliestDevice {
 public:
  static constexpr Time never{2 * Time::limit().ps - 1};

  explicit EarliestDevice(int devices) {
    while (leaves_ < static_cast<std::size_t>(devices)) leaves_ *= 2;
    times_.assign(2 * leaves_, never);
  }

  Time time() const { return times_[1]; }
  Time time_of(int device) const { return times_[leaves_ + static_cast<std::size_t>(device)]; }

  int device() const {
    std::size_t node = 1;
    while (node < leaves_) {
      node *= 2;
      if (times_[node] != times_[1]) ++node;
    }
    return static_cast<int>(node - leaves_);
  }

  void set(int device, Time time) {
    std::size_t node = leaves_ + static_cast<std::size_t>(device);
    times_[node] = time;
    while (node > 1) {
      const Time winner = std::min(times_[node], times_[node ^ 1]);
      node /= 2;
      if (times_[node] == winner) return;
      times_[node] = winner;
    }
  }

 private:
  std::size_t leaves_ = 1;
  std::vector<Time> times_;  ///< times_[1] is the root; the children of n are 2n and 2n + 1.
};

}  // namespace pipesim

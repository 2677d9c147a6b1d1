#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "models/base/units.hpp"

namespace pipesim {

/// When each device wants its turn, and whose turn comes first: a tournament, O(log devices) a
/// change. Of two that want it at the same time, the lower device is first.
class EarliestDevice {
 public:
  static constexpr Time never{std::numeric_limits<std::int64_t>::max()};

  explicit EarliestDevice(int devices) {
    while (leaves_ < static_cast<std::size_t>(devices)) leaves_ *= 2;
    times_.assign(leaves_, never);
    winners_.resize(2 * leaves_);
    for (std::size_t d = 0; d < leaves_; ++d) winners_[leaves_ + d] = static_cast<int>(d);
    for (std::size_t node = leaves_; node-- > 1;) winners_[node] = winners_[2 * node];
  }

  int device() const { return winners_[1]; }
  Time time() const { return time_of(device()); }
  Time time_of(int device) const { return times_[static_cast<std::size_t>(device)]; }

  void set(int device, Time time) {
    times_[static_cast<std::size_t>(device)] = time;
    for (std::size_t node = (leaves_ + static_cast<std::size_t>(device)) / 2; node > 0; node /= 2) {
      const int left = winners_[2 * node];
      const int right = winners_[2 * node + 1];
      winners_[node] = time_of(right) < time_of(left) ? right : left;
    }
  }

 private:
  std::size_t leaves_ = 1;
  std::vector<Time> times_;
  std::vector<int> winners_;  ///< winners_[1] has won; the children of n are 2n and 2n + 1.
};

}  // namespace pipesim

#pragma once

#include <vector>

#include "sim/engine/timeline.hpp"

namespace pipesim {

/// What a link that messages share did during a step.
struct LinkUse {
  Time busy{};
  std::int64_t messages = 0;
  Bytes bytes = 0;
  /// What messages waited until they could leave, each counted at that of its links which was free
  /// last.
  Time waited{};
};

/// A message asks for the links of its route.
struct LinkRequest {
  Time at{};
  OpPlace message{};  ///< The op that sends it.

  auto operator<=>(const LinkRequest&) const = default;
};

/// The messages that ask for links, in the order in which they are served, and the links. Where one
/// message after another is served in order of time, links free at times that are known by then: a
/// queue for each of them is not needed.
class LinkQueue {
 public:
  /// All links free; the first `shared` of them are those that uses() tells of.
  void reset(std::size_t shared, std::size_t links);

  /// Not before the time of a request that next() has given.
  void add(const LinkRequest& request);
  bool empty() const { return requests_.empty(); }
  /// Takes out the first by time, then by device, then by slot.
  LinkRequest next();

  /// Takes all of a route's links for that long, as soon as all are free. Returns when that is.
  /// With `record` waits() will tell of it.
  Time take(const LinkRequest& request, const std::vector<int>& route, Time occupancy, Bytes bytes,
            bool record);

  std::vector<LinkUse> uses() const;
  /// By message. Hands them over.
  std::vector<LinkWait> waits();

 private:
  struct Link {
    Time free_at{};
    OpPlace last{};  ///< The message that took it last.
    LinkUse use{};
  };

  std::size_t shared_ = 0;
  std::vector<Link> links_{};
  std::vector<LinkRequest> requests_{};  // A heap: the first is the next.
  std::vector<LinkWait> waits_{};
};

}  // namespace pipesim

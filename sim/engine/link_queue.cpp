#include "sim/engine/link_queue.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace pipesim {

void LinkQueue::reset(std::size_t shared, std::size_t links) {
  shared_ = shared;
  links_.assign(links, {});
  requests_.clear();
  waits_.clear();
}

void LinkQueue::add(const LinkRequest& request) {
  requests_.push_back(request);
  std::ranges::push_heap(requests_, std::greater{});
}

LinkRequest LinkQueue::next() {
  std::ranges::pop_heap(requests_, std::greater{});
  const LinkRequest first = requests_.back();
  requests_.pop_back();
  return first;
}

Time LinkQueue::take(const LinkRequest& request, const std::vector<int>& route, Time occupancy,
                     Bytes bytes, bool record) {
  Time start = request.at;
  int last = -1;
  for (const int number : route) {
    const Link& link = links_[static_cast<std::size_t>(number)];
    if (link.free_at <= start) continue;
    start = link.free_at;
    last = number;
  }
  if (last >= 0) {
    Link& link = links_[static_cast<std::size_t>(last)];
    const Time waited = start - request.at;
    link.use.waited = capped_sum(link.use.waited, waited);
    const int named = static_cast<std::size_t>(last) < shared_ ? last : -1;
    if (record) {
      waits_.push_back(
          {.message = request.message, .behind = link.last, .link = named, .waited = waited});
    }
  }
  for (const int number : route) {
    Link& link = links_[static_cast<std::size_t>(number)];
    link.free_at = start + occupancy;
    link.last = request.message;
    link.use.busy += occupancy;
    ++link.use.messages;
    link.use.bytes = capped_sum(link.use.bytes, bytes);
  }
  return start;
}

std::vector<LinkUse> LinkQueue::uses() const {
  std::vector<LinkUse> uses;
  for (std::size_t link = 0; link < shared_; ++link) uses.push_back(links_[link].use);
  return uses;
}

std::vector<LinkWait> LinkQueue::waits() {
  std::ranges::sort(waits_, {}, &LinkWait::message);
  return std::exchange(waits_, {});
}

}  // namespace pipesim

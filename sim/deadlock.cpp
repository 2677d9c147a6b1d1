#include "sim/deadlock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <stdexcept>

namespace pipesim {

namespace {

// The op whose message the head of a lane lacks. What it needs on its own device it has: a checked
// schedule's order sees to that.
std::optional<Wait> wait_of(const Schedule& schedule, std::span<const std::size_t> heads,
                            int device) {
  const std::vector<Op>& lane = schedule.lanes[static_cast<std::size_t>(device)];
  const std::size_t head = heads[static_cast<std::size_t>(device)];
  if (head == lane.size()) return std::nullopt;

  const Op waiting = lane[head];
  const bool needs_activation = waiting.kind == OpKind::forward;
  const int producer = needs_activation ? waiting.stage - 1 : waiting.stage + 1;
  const int on = schedule.placement[static_cast<std::size_t>(producer)];
  const std::vector<Op>& other = schedule.lanes[static_cast<std::size_t>(on)];
  const auto first =
      other.begin() + static_cast<std::ptrdiff_t>(heads[static_cast<std::size_t>(on)]);
  const auto needed = std::find_if(first, other.end(), [&](const Op& op) {
    return op.stage == producer && op.micro_batch == waiting.micro_batch &&
           (needs_activation ? op.kind == OpKind::forward : sends_gradient(op.kind));
  });
  if (needed == other.end()) throw std::logic_error("an op waits for one that no device will run");
  return Wait{.waiting = waiting, .device = device, .needed = *needed, .needed_on = on};
}

}  // namespace

std::optional<Deadlock> find_deadlock(const Schedule& schedule, std::span<const std::size_t> heads,
                                      Time at) {
  const auto devices = static_cast<std::size_t>(schedule.devices());
  std::vector<std::optional<Wait>> waits(devices);
  bool stuck = false;
  for (std::size_t device = 0; device < devices; ++device) {
    waits[device] = wait_of(schedule, heads, static_cast<int>(device));
    stuck = stuck || waits[device].has_value();
  }
  if (!stuck) return std::nullopt;

  boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS> waits_for(devices);
  for (const auto& wait : waits) {
    if (wait) {
      add_edge(static_cast<std::size_t>(wait->device), static_cast<std::size_t>(wait->needed_on),
               waits_for);
    }
  }
  std::vector<int> component(devices);
  const int components = boost::strong_components(waits_for, component.data());
  std::vector<int> size(static_cast<std::size_t>(components));
  for (const int c : component) ++size[static_cast<std::size_t>(c)];

  Deadlock deadlock{.at = at};
  for (std::size_t device = 0; device < devices; ++device) {
    if (size[static_cast<std::size_t>(component[device])] < 2) continue;
    std::size_t next = device;
    do {
      deadlock.cycle.push_back(*waits[next]);
      next = static_cast<std::size_t>(waits[next]->needed_on);
    } while (next != device);
    return deadlock;
  }
  throw std::logic_error("devices are stuck, but not in a cycle");
}

std::string describe(const Deadlock& deadlock) {
  std::string text =
      fmt::format("deadlock after {} ns: ", static_cast<double>(deadlock.at.ps) / 1e3);
  for (std::size_t i = 0; i < deadlock.cycle.size(); ++i) {
    const Wait& wait = deadlock.cycle[i];
    const Op blocked = deadlock.cycle[(i + 1) % deadlock.cycle.size()].waiting;
    text += i == 0 ? fmt::format("{} on device {} waits for ", describe(wait.waiting), wait.device)
                   : std::string(", which waits for ");
    text += fmt::format("{} on device {}", describe(wait.needed), wait.needed_on);
    if (wait.needed != blocked) text += fmt::format(", which stands behind {}", describe(blocked));
  }
  return text;
}

}  // namespace pipesim

#include "sim/engine/deadlock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "schedules/core/dependencies.hpp"

namespace pipesim {

namespace {

// Finds what the head of each lane lacks. What an op needs on its own device it has: a checked
// schedule's order sees to that.
class Waits {
 public:
  Waits(const Schedule& schedule, std::span<const std::size_t> heads)
      : schedule_(schedule), heads_(heads) {}

  std::optional<Wait> of(int device) const {
    const std::vector<Op>& lane = schedule_.lanes[static_cast<std::size_t>(device)];
    const std::size_t head = heads_[static_cast<std::size_t>(device)];
    if (head == lane.size()) return std::nullopt;
    std::optional<Wait> wait = of(lane[head], device);
    if (!wait && lane[head].with_next) wait = of(lane[head + 1], device);
    if (!wait) throw std::logic_error("an op waits for one that no device will run");
    return wait;
  }

 private:
  const Schedule& schedule_;
  std::span<const std::size_t> heads_;

  // Nothing where what the op needs has been run.
  std::optional<Wait> of(const Op& op, int device) const {
    const std::optional<Dependency> dependency = other_end(op, schedule_);
    if (!dependency) return std::nullopt;
    const int on = schedule_.device_of(dependency->stage, op.copy);
    const std::vector<Op>& other = schedule_.lanes[static_cast<std::size_t>(on)];
    const auto first =
        other.begin() + static_cast<std::ptrdiff_t>(heads_[static_cast<std::size_t>(on)]);
    const auto needed = std::find_if(first, other.end(), [&](const Op& candidate) {
      return dependency->is_met_by(candidate) && candidate.micro_batch == op.micro_batch &&
             candidate.copy == op.copy;
    });
    if (needed == other.end()) return std::nullopt;
    return Wait{.waiting = op, .device = device, .needed = *needed, .needed_on = on};
  }
};

// In the largest unit of which there is one, with all digits.
std::string exact_text(Time time) {
  constexpr std::pair<std::int64_t, std::string_view> units[] = {
      {1'000'000'000'000, "s"}, {1'000'000'000, "ms"}, {1'000'000, "µs"}, {1000, "ns"}};
  for (const auto& [ps, name] : units) {
    if (time.ps >= ps) {
      return fmt::format("{} {}", static_cast<double>(time.ps) / static_cast<double>(ps), name);
    }
  }
  return fmt::format("{} ps", time.ps);
}

}  // namespace

std::optional<Deadlock> find_deadlock(const Schedule& schedule, std::span<const std::size_t> heads,
                                      Time at) {
  const auto devices = static_cast<std::size_t>(schedule.devices());
  std::vector<std::optional<Wait>> waits(devices);
  bool stuck = false;
  const Waits lacking(schedule, heads);
  for (std::size_t device = 0; device < devices; ++device) {
    waits[device] = lacking.of(static_cast<int>(device));
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
  std::string text = fmt::format("deadlock after {}: ", exact_text(deadlock.at));
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

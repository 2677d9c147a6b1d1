#include "support/step_simulation.hpp"

#include <set>

namespace pipesim::test {

namespace {

class Steps {
 public:
  explicit Steps(const Schedule& schedule) : schedule_(schedule), next_(schedule.lanes.size()) {}

  // Returns whether any device ran an op.
  bool step() {
    bool progress = false;
    std::vector<bool> idle(next_.size());
    for (std::size_t device = 0; device < next_.size(); ++device) {
      idle[device] = !advance(device);
      progress |= !idle[device];
    }
    for (std::size_t device = next_.size(); device-- > 0;) {
      if (idle[device]) progress |= advance(device);
    }
    return progress;
  }

  bool at_end() const {
    for (std::size_t device = 0; device < next_.size(); ++device) {
      if (next_[device] < schedule_.lanes[device].size()) return false;
    }
    return true;
  }

 private:
  const Schedule& schedule_;
  std::vector<std::size_t> next_;
  std::set<Op> done_{};

  bool advance(std::size_t device) {
    const std::vector<Op>& lane = schedule_.lanes[device];
    if (next_[device] == lane.size() || !ready(lane[next_[device]])) return false;
    done_.insert(lane[next_[device]++]);
    return true;
  }

  bool done(OpKind kind, int stage, int micro_batch) const {
    return done_.contains({.kind = kind, .stage = stage, .micro_batch = micro_batch});
  }
  bool done_backward(int stage, int micro_batch) const {
    return done(OpKind::backward, stage, micro_batch) ||
           done(OpKind::backward_input, stage, micro_batch);
  }
  bool together(int stage, int other) const {
    return schedule_.device_of(stage, 0) == schedule_.device_of(other, 0);
  }

  bool ready(const Op& op) const {
    const auto [s, m] = std::pair(op.stage, op.micro_batch);
    switch (op.kind) {
      case OpKind::forward:
        return s == 0 || (together(s, s - 1) ? done(OpKind::forward, s - 1, m)
                                             : done(OpKind::receive_forward, s, m));
      case OpKind::backward:
      case OpKind::backward_input:
        return s + 1 == schedule_.stages() ||
               (together(s, s + 1) ? done_backward(s + 1, m)
                                   : done(OpKind::receive_backward, s, m));
      case OpKind::send_forward:
        return done(OpKind::forward, s, m);
      case OpKind::send_backward:
        return done_backward(s, m);
      case OpKind::receive_forward:
        return done(OpKind::send_forward, s - 1, m);
      case OpKind::receive_backward:
        return done(OpKind::send_backward, s + 1, m);
      default:
        return true;
    }
  }
};

}  // namespace

std::optional<int> steps_of(const Schedule& schedule) {
  Steps simulation(schedule);
  int steps = 0;
  for (; !simulation.at_end(); ++steps) {
    if (!simulation.step()) return std::nullopt;
  }
  return steps;
}

}  // namespace pipesim::test

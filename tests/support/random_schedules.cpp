#include "support/random_schedules.hpp"

#include <algorithm>
#include <utility>

#include "schedules/check_schedule.hpp"
#include "schedules/recompute.hpp"

namespace pipesim::test {

namespace {

int any(std::mt19937& random, int least, int most) {
  return std::uniform_int_distribution<int>(least, most)(random);
}

Op with_kind(Op op, OpKind kind, int stages_on = 0) {
  op.kind = kind;
  op.stage += stages_on;
  return op;
}

class RandomOrder {
 public:
  RandomOrder(std::mt19937& random, Schedule schedule)
      : random_(random), schedule_(std::move(schedule)) {}

  Schedule build() && {
    for (int stage = 0; stage < schedule_.stages(); ++stage) split_.push_back(any(random_, 0, 1));
    for (int m = 0; m < schedule_.micro_batches; ++m) {
      const int copy = schedule_.bidirectional() ? any(random_, 0, 1) : 0;
      ready_.push_back({.copy = static_cast<std::uint8_t>(copy), .micro_batch = m});
    }
    while (!ready_.empty()) {
      const int last = static_cast<int>(ready_.size()) - 1;
      const Op op = take(static_cast<std::size_t>(any(random_, 0, last)));
      if (!run_as_pair(op)) run(op);
    }
    return std::move(schedule_);
  }

 private:
  std::mt19937& random_;
  Schedule schedule_;
  std::vector<int> split_{};  // [stage]: runs I and W.
  std::vector<Op> ready_{};   // A send stands for itself and its receive.

  int device_of(const Op& op) const { return schedule_.device_of(op.stage, op.copy); }

  Op take(std::size_t at) {
    std::swap(ready_[at], ready_.back());
    const Op op = ready_.back();
    ready_.pop_back();
    return op;
  }

  void append(const Op& op) {
    schedule_.lanes[static_cast<std::size_t>(device_of(op))].push_back(op);
  }

  bool run_as_pair(Op forward) {
    if (forward.kind != OpKind::forward || any(random_, 0, 1) == 0) return false;
    const auto other = std::find_if(ready_.begin(), ready_.end(), [&](const Op& op) {
      return sends_gradient(op.kind) && device_of(op) == device_of(forward);
    });
    if (other == ready_.end()) return false;
    const Op backward = take(static_cast<std::size_t>(other - ready_.begin()));
    forward.with_next = true;
    append(forward);
    append(backward);
    forward.with_next = false;
    follow(forward);
    follow(backward);
    return true;
  }

  void run(const Op& op) {
    append(op);
    if (op.kind == OpKind::send_forward) {
      append(with_kind(op, OpKind::receive_forward, 1));
      ready_.push_back(with_kind(op, OpKind::forward, 1));
    } else if (op.kind == OpKind::send_backward) {
      append(with_kind(op, OpKind::receive_backward, -1));
      make_ready_backward(with_kind(op, OpKind::backward, -1));
    } else {
      follow(op);
    }
  }

  void make_ready_backward(const Op& op) {
    const bool split = split_[static_cast<std::size_t>(op.stage)] != 0;
    ready_.push_back(with_kind(op, split ? OpKind::backward_input : OpKind::backward));
  }

  // What an op makes possible.
  void follow(const Op& op) {
    const bool forward = op.kind == OpKind::forward;
    if (op.kind == OpKind::backward_input) ready_.push_back(with_kind(op, OpKind::backward_weight));
    if (!forward && (!sends_gradient(op.kind) || op.stage == 0)) return;
    if (forward && op.stage + 1 == schedule_.stages()) return make_ready_backward(op);
    const Op next = with_kind(op, OpKind::forward, forward ? 1 : -1);
    const bool apart = device_of(next) != device_of(op);
    if (apart && schedule_.communication != Communication::overlapped) {
      ready_.push_back(with_kind(op, forward ? OpKind::send_forward : OpKind::send_backward));
    } else if (forward) {
      ready_.push_back(next);
    } else {
      make_ready_backward(next);
    }
  }
};

// Weights are gathered first of all, and gradients reduced anywhere.
void add_sharding(Schedule& schedule, std::mt19937& random) {
  const std::vector<std::vector<StageCopy>> held = stages_by_device(schedule);
  for (std::size_t device = 0; device < held.size(); ++device) {
    std::vector<Op>& lane = schedule.lanes[device];
    for (const auto& [stage, copy] : held[device]) {
      const auto of_copy = static_cast<std::uint8_t>(copy);
      lane.insert(lane.begin(),
                  {.kind = OpKind::unshard, .copy = of_copy, .stage = stage, .micro_batch = -1});
      auto at = lane.begin() + any(random, 1, static_cast<int>(lane.size()));
      if ((at - 1)->with_next) --at;
      lane.insert(
          at, {.kind = OpKind::reduce_grad, .copy = of_copy, .stage = stage, .micro_batch = -1});
    }
  }
}

}  // namespace

Schedule random_schedule(std::mt19937& random, Communication communication) {
  const int devices = any(random, 1, 5);
  const int stages = devices * any(random, 1, 3);
  const auto placement = [&] {
    std::vector<int> places;
    for (int stage = 0; stage < stages; ++stage) places.push_back(stage % devices);
    std::shuffle(places.begin(), places.end(), random);
    return places;
  };
  Schedule schedule{.name = "random",
                    .micro_batches = any(random, 1, 7),
                    .placement = placement(),
                    .lanes = std::vector<std::vector<Op>>(static_cast<std::size_t>(devices)),
                    .communication = communication};
  if (any(random, 0, 3) == 0) schedule.second_placement = placement();
  schedule = RandomOrder(random, std::move(schedule)).build();
  if (any(random, 0, 3) == 0) {
    schedule = with_recompute(std::move(schedule), Recompute::full, any(random, 0, 1) == 0);
  }
  if (any(random, 0, 3) == 0) add_sharding(schedule, random);
  check_schedule(schedule);
  return schedule;
}

StepCosts random_costs(int stages, std::mt19937& random) {
  const auto time = [&](int most) { return Time{std::max(0, any(random, -5, most))}; };
  StepCosts costs;
  const bool overlaps = any(random, 0, 1) == 0;
  for (int s = 0; s < stages; ++s) {
    costs.stages.push_back({.forward = time(50),
                            .backward = time(90),
                            .backward_input = time(60),
                            .backward_weight = time(60),
                            .recompute = time(50),
                            .gather = time(60),
                            .reduce = time(60)});
    if (overlaps) costs.stages.back().overlapped = time(120);
  }
  for (int s = 0; s + 1 < stages; ++s) {
    costs.hops.push_back({.occupancy = time(30), .latency = time(20)});
  }
  return costs;
}

}  // namespace pipesim::test

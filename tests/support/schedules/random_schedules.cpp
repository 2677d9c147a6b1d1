#include "support/schedules/random_schedules.hpp"

#include <algorithm>
#include <utility>

#include "schedules/check/check_schedule.hpp"
#include "schedules/core/recompute.hpp"

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
  RandomOrder(std::mt19937& random, const ScheduleOptions& options)
      : random_(random), options_(options) {
    const auto devices = static_cast<std::size_t>(std::ranges::max(options.placement)) + 1;
    schedule_ = {.name = "random",
                 .micro_batches = options.micro_batches,
                 .placement = options.placement,
                 .second_placement = options.second_placement,
                 .lanes = std::vector<std::vector<Op>>(devices),
                 .communication = options.communication};
  }

  Schedule build() && {
    for (int stage = 0; stage < schedule_.stages(); ++stage) {
      split_.push_back(options_.split ? any(random_, 0, 1) : 0);
    }
    for (int m = 0; m < schedule_.micro_batches; ++m) {
      const int either = m < 2 ? m : any(random_, 0, 1);
      const int copy = schedule_.bidirectional() ? either : 0;
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
  const ScheduleOptions& options_;
  Schedule schedule_{};
  std::vector<int> split_{};  // [stage]: runs I and W.
  std::vector<Op> ready_{};   // A send at a rendezvous stands for its receive, too.

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
    const bool may = options_.pairs && forward.kind == OpKind::forward;
    if (!may || any(random_, 0, 1) == 0) return false;
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
    switch (op.kind) {
      case OpKind::send_forward:
        return send(with_kind(op, OpKind::receive_forward, 1));
      case OpKind::send_backward:
        return send(with_kind(op, OpKind::receive_backward, -1));
      case OpKind::receive_forward:
        return ready_.push_back(with_kind(op, OpKind::forward));
      case OpKind::receive_backward:
        return make_ready_backward(op);
      default:
        follow(op);
    }
  }

  void send(const Op& receive) {
    if (schedule_.communication == Communication::rendezvous) return run(receive);
    ready_.push_back(receive);
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

Schedule random_schedule(std::mt19937& random, const ScheduleOptions& options) {
  Schedule schedule = RandomOrder(random, options).build();
  if (options.sharding) add_sharding(schedule, random);
  check_schedule(schedule);
  return schedule;
}

Schedule random_schedule(std::mt19937& random, Communication communication) {
  ScheduleOptions options{.placement = random_placement(random, any(random, 1, 10)),
                          .micro_batches = any(random, 1, 7),
                          .split = true,
                          .pairs = true,
                          .sharding = any(random, 0, 3) == 0,
                          .communication = communication};
  if (any(random, 0, 3) == 0) {
    options.second_placement = options.placement;
    std::shuffle(options.second_placement.begin(), options.second_placement.end(), random);
  }
  Schedule schedule = random_schedule(random, options);
  if (any(random, 0, 3) == 0) {
    schedule = with_recompute(std::move(schedule), Recompute::full, any(random, 0, 1) == 0);
  }
  check_schedule(schedule);
  return schedule;
}

std::vector<int> random_placement(std::mt19937& random, int stages) {
  const int devices = any(random, 1, stages);
  const int way = any(random, 0, 3);
  std::vector<int> placement;
  for (int s = 0; s < stages; ++s) {
    const int looped = s % devices;
    const int there_and_back = s / devices % 2 == 0 ? looped : devices - 1 - looped;
    const int anywhere = s < devices ? s : any(random, 0, devices - 1);
    const int choices[] = {looped, there_and_back, s * devices / stages, anywhere};
    placement.push_back(choices[way]);
  }
  return placement;
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

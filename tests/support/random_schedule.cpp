#include "support/random_schedule.hpp"

#include <algorithm>
#include <optional>

#include "schedules/recompute.hpp"

namespace pipesim::test {

namespace {

// How far a micro-batch has come in a stage.
struct Progress {
  bool has_input = false;
  bool has_gradient = false;
  bool forward = false;
  bool again = false;  // R has run, or is not needed.
  bool split = false;
  bool backward = false;
  bool weight = false;
};

class Generator {
 public:
  Generator(std::mt19937& random, const ScheduleOptions& options)
      : random_(random), options_(options) {
    schedule_ = {.name = "random",
                 .micro_batches = options.micro_batches,
                 .placement = options.placement,
                 .second_placement = options.second_placement,
                 .lazy_recompute = options.lazy_recompute,
                 .communication = options.communication};
    int devices = 0;
    for (const int device : options.placement) devices = std::max(devices, device + 1);
    for (const int device : options.second_placement) devices = std::max(devices, device + 1);
    schedule_.lanes.resize(static_cast<std::size_t>(devices));
    const int kept = kept_micro_batch(options.recompute, options.micro_batches);
    for (int m = 0; m < options.micro_batches; ++m) {
      // Both copies get some.
      copies_.push_back(!schedule_.bidirectional() ? 0 : m < 2 ? m : one_in(2) ? 1 : 0);
      for (int s = 0; s < schedule_.stages(); ++s) {
        progress_.push_back({.has_input = s == 0,
                             .has_gradient = s + 1 == schedule_.stages(),
                             .again = options.recompute == Recompute::none || m == kept,
                             .split = options.split && one_in(2)});
      }
    }
  }

  Schedule run() {
    if (options_.sharding) add_sharding(OpKind::unshard);
    for (std::vector<Op> ready = ready_ops(); !ready.empty(); ready = ready_ops()) {
      const Op op = ready[random_() % ready.size()];
      const std::optional<Op> partner = partner_of(op, ready);
      add(op, partner.has_value());
      if (partner) add(*partner, false);
      finish(op);
      if (partner) finish(*partner);
    }
    if (options_.sharding) add_sharding(OpKind::reduce_grad);
    if (options_.sharding) add_sharding(OpKind::reshard);
    return schedule_;
  }

 private:
  std::mt19937& random_;
  const ScheduleOptions& options_;
  Schedule schedule_{};
  std::vector<Progress> progress_{};  // [micro-batch · stages + stage]
  std::vector<int> copies_{};         // That each micro-batch goes through.
  std::vector<Op> to_send_{};
  std::vector<Op> to_receive_{};

  bool one_in(unsigned count) { return random_() % count == 0; }
  Progress& at(int stage, int micro_batch) {
    return progress_[static_cast<std::size_t>(micro_batch * schedule_.stages() + stage)];
  }
  int device_of(const Op& op) const { return schedule_.device_of(op.stage, op.copy); }

  void add(Op op, bool with_next) {
    op.with_next = with_next;
    schedule_.lanes[static_cast<std::size_t>(device_of(op))].push_back(op);
  }

  void add_sharding(OpKind kind) {
    for (const auto& stages : stages_by_device(schedule_)) {
      for (const auto& [stage, copy] : stages) {
        add({.kind = kind,
             .copy = static_cast<std::uint8_t>(copy),
             .stage = stage,
             .micro_batch = -1},
            false);
      }
    }
  }

  std::optional<OpKind> next_kind(const Progress& now) const {
    if (!now.forward) return now.has_input ? std::optional(OpKind::forward) : std::nullopt;
    if (!now.backward) {
      const bool waits = now.again || options_.lazy_recompute;
      if (waits && !now.has_gradient) return std::nullopt;
      if (!now.again) return OpKind::recompute;
      return now.split ? OpKind::backward_input : OpKind::backward;
    }
    if (now.split && !now.weight) return OpKind::backward_weight;
    return std::nullopt;
  }

  std::vector<Op> ready_ops() {
    std::vector<Op> ready = to_send_;
    ready.insert(ready.end(), to_receive_.begin(), to_receive_.end());
    for (int m = 0; m < schedule_.micro_batches; ++m) {
      for (int s = 0; s < schedule_.stages(); ++s) {
        const std::optional<OpKind> kind = next_kind(at(s, m));
        if (!kind) continue;
        ready.push_back({.kind = *kind,
                         .copy = static_cast<std::uint8_t>(copies_[static_cast<std::size_t>(m)]),
                         .stage = s,
                         .micro_batch = m});
      }
    }
    return ready;
  }

  // A backward that is ready, too, on the same device.
  std::optional<Op> partner_of(const Op& op, const std::vector<Op>& ready) {
    if (!options_.pairs || op.kind != OpKind::forward || one_in(4)) return std::nullopt;
    const auto fits = [&](const Op& other) {
      return sends_gradient(other.kind) && device_of(other) == device_of(op);
    };
    const auto partner = std::ranges::find_if(ready, fits);
    return partner == ready.end() ? std::nullopt : std::optional(*partner);
  }

  void finish(const Op& op) {
    Progress& now = at(op.stage, op.micro_batch);
    switch (op.kind) {
      case OpKind::forward:
        now.forward = true;
        return hand_on(op, op.stage + 1, OpKind::send_forward);
      case OpKind::recompute:
        now.again = true;
        return;
      case OpKind::backward:
      case OpKind::backward_input:
        now.backward = true;
        return hand_on(op, op.stage - 1, OpKind::send_backward);
      case OpKind::backward_weight:
        now.weight = true;
        return;
      case OpKind::send_forward:
      case OpKind::send_backward:
        return send(op);
      default:
        std::erase(to_receive_, op);
        return deliver(op);
    }
  }

  void hand_on(Op op, int receiver, OpKind send) {
    if (receiver < 0 || receiver >= schedule_.stages()) return;
    const bool apart = schedule_.device_of(receiver, op.copy) != device_of(op);
    op.kind = send;
    if (apart && options_.communication != Communication::overlapped) {
      to_send_.push_back(op);
    } else {
      deliver(receive_of(op));
    }
  }

  static Op receive_of(Op send) {
    const bool forward = send.kind == OpKind::send_forward;
    send.kind = forward ? OpKind::receive_forward : OpKind::receive_backward;
    send.stage += forward ? 1 : -1;
    return send;
  }

  // At a rendezvous both ops run at once.
  void send(const Op& op) {
    std::erase(to_send_, op);
    to_receive_.push_back(receive_of(op));
    if (options_.communication != Communication::rendezvous) return;
    add(to_receive_.back(), false);
    finish(Op(to_receive_.back()));
  }

  void deliver(const Op& receive) {
    Progress& now = at(receive.stage, receive.micro_batch);
    (receive.kind == OpKind::receive_forward ? now.has_input : now.has_gradient) = true;
  }
};

}  // namespace

Schedule random_schedule(std::mt19937& random, const ScheduleOptions& options) {
  return Generator(random, options).run();
}

std::vector<int> random_placement(std::mt19937& random, int stages) {
  std::vector<int> placement;
  const int devices = 1 + static_cast<int>(random() % static_cast<unsigned>(stages));
  const unsigned kind = random() % 4;
  for (int s = 0; s < stages; ++s) {
    const int round = s / devices;
    const int looped = s % devices;
    const int there_and_back = round % 2 == 0 ? looped : devices - 1 - looped;
    const int anywhere =
        s < devices ? s : static_cast<int>(random() % static_cast<unsigned>(devices));
    const int choices[] = {looped, there_and_back, s * devices / stages, anywhere};
    placement.push_back(choices[kind]);
  }
  return placement;
}

}  // namespace pipesim::test

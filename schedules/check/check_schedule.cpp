#include "schedules/check/check_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/input_error.hpp"
#include "schedules/core/dependencies.hpp"

namespace pipesim {

namespace {

using Bits = std::uint16_t;

constexpr Bits bit(OpKind kind) {
  return static_cast<Bits>(1u << static_cast<unsigned>(kind));
}

constexpr Bits gradient_bits = bit(OpKind::backward) | bit(OpKind::backward_input);

class Checker {
 public:
  Checker(const Schedule& schedule, const PlaceOf& place_of)
      : schedule_(schedule),
        place_of_(place_of),
        seen_(schedule.placement.size() * static_cast<std::size_t>(schedule.micro_batches)),
        copy_of_(static_cast<std::size_t>(schedule.micro_batches), not_seen),
        dropped_(2 * schedule.placement.size()) {}

  void run() {
    for (device_ = 0; device_ < schedule_.devices(); ++device_) {
      const auto& lane = schedule_.lanes[static_cast<std::size_t>(device_)];
      for (slot_ = 0; slot_ < lane.size(); ++slot_) {
        if (lane[slot_].with_next) {
          visit_pair(lane);
        } else {
          visit(lane[slot_]);
        }
      }
    }
    check_complete();
  }

 private:
  static constexpr int not_seen = -1;

  const Schedule& schedule_;
  const PlaceOf& place_of_;
  std::vector<Bits> seen_;             // What has been met of each (stage, micro-batch).
  std::vector<int> copy_of_;           // Which copies a micro-batch goes through.
  std::vector<std::uint8_t> dropped_;  // [stage copy]: its weights have been dropped.
  int device_ = 0;
  std::size_t slot_ = 0;

  Bits& seen(int stage, int micro_batch) {
    return seen_[static_cast<std::size_t>(stage) *
                     static_cast<std::size_t>(schedule_.micro_batches) +
                 static_cast<std::size_t>(micro_batch)];
  }

  InputError refuse(const Op& op, std::string_view problem, std::string_view hint) const {
    return InputError(fmt::format("{}: {}, got {}", place(device_, slot_), problem, describe(op)),
                      hint);
  }

  std::string place(int device, std::size_t slot) const {
    if (place_of_) return place_of_(device, slot);
    const std::string lane = fmt::format("schedule {}: device {}", schedule_.name, device);
    return slot == no_slot ? lane : fmt::format("{}, op {}", lane, slot);
  }

  void require(const Op& op, int stage, Bits any_of, OpKind needed) {
    if ((seen(stage, op.micro_batch) & any_of) != 0) return;
    Op missing = op;
    missing.kind = needed;
    missing.stage = stage;
    throw refuse(op, fmt::format("stands before {}, which it needs", describe(missing)),
                 "a device runs its ops in the order given: move it behind");
  }

  bool ordered() const { return schedule_.communication != Communication::overlapped; }
  bool here(const Op& op, int stage) const {
    return schedule_.device_of(stage, op.copy) == device_;
  }
  bool elsewhere(const Op& op, int stage) const {
    return is_elsewhere(schedule_, stage, {op.stage, op.copy});
  }

  void check_place(const Op& op) const {
    if (op.stage < 0 || op.stage >= schedule_.stages()) {
      throw refuse(op, "names a stage that the pipeline has not",
                   fmt::format("stages are 0 to {}", schedule_.stages() - 1));
    }
    const bool of_all = is_deferred(op) || is_sharding(op.kind);
    if (!of_all && (op.micro_batch < 0 || op.micro_batch >= schedule_.micro_batches)) {
      throw refuse(op, "names a micro-batch that the step has not",
                   fmt::format("micro-batches are 0 to {}", schedule_.micro_batches - 1));
    }
    if (!here(op, op.stage)) {
      throw refuse(op, "stands on a device that does not hold its stage",
                   fmt::format("stage {} is on device {}", op.stage,
                               schedule_.device_of(op.stage, op.copy)));
    }
  }

  void check_copy(const Op& op) {
    if (op.micro_batch < 0) return;
    int& copy = copy_of_[static_cast<std::size_t>(op.micro_batch)];
    if (copy == not_seen) copy = op.copy;
    if (copy == op.copy) return;
    throw refuse(op, "belongs to a micro-batch that goes through the other copies of the stages",
                 "all ops of a micro-batch use the first copies, or all use the second ones");
  }

  // The receive or the local op that brings an op its input.
  void require_input(const Op& op) {
    const std::optional<Dependency> maker = other_end(op, schedule_);
    if (!maker) return;
    if (here(op, maker->stage)) {
      const bool forward = maker->kind == OpKind::forward;
      require(op, maker->stage, forward ? bit(OpKind::forward) : gradient_bits, maker->kind);
    } else if (const auto receive = receive_for(schedule_, op); ordered() && receive) {
      require(op, op.stage, bit(receive->kind), receive->kind);
    }
  }

  void check_needs(const Op& op) {
    switch (op.kind) {
      case OpKind::forward:
        return require_input(op);
      case OpKind::backward_weight:
        return require(op, op.stage, bit(OpKind::backward_input), OpKind::backward_input);
      default:
        require(op, op.stage, bit(OpKind::forward), OpKind::forward);
        require_input(op);
    }
  }

  void check_message(const Op& op) {
    const std::optional<Dependency> other = other_end(op, schedule_);
    if (!ordered()) {
      throw refuse(op, "stands in a lane although communication is overlapped",
                   "set pipeline.communication to \"blocking\" or \"rendezvous\"");
    }
    if (!other || !elsewhere(op, other->stage)) {
      throw refuse(op, "has no other device to exchange a message with",
                   "remove it: only stages on different devices send and receive");
    }
    if (op.kind == OpKind::send_forward) {
      require(op, op.stage, bit(OpKind::forward), OpKind::forward);
    } else if (op.kind == OpKind::send_backward) {
      require(op, op.stage, gradient_bits, OpKind::backward);
    }
  }

  // A W of the whole mini-batch counts as one for every micro-batch.
  void visit_deferred(const Op& op) {
    for (int m = 0; m < schedule_.micro_batches; ++m) {
      Bits& met = seen(op.stage, m);
      if ((met & bit(op.kind)) != 0) throw refuse(op, "stands twice", "remove one of the two");
      if ((met & bit(OpKind::backward_input)) == 0) {
        throw refuse(
            op,
            fmt::format(
                "stands before {}, which it needs",
                describe({.kind = OpKind::backward_input, .stage = op.stage, .micro_batch = m})),
            "a device runs its ops in the order given: move it behind");
      }
      met |= bit(op.kind);
    }
  }

  void visit_sharding(const Op& op) {
    std::uint8_t& dropped = dropped_[2 * static_cast<std::size_t>(op.stage) + op.copy];
    if (op.kind == OpKind::reshard) dropped = 1;
    if (op.kind == OpKind::unshard) dropped = 0;
  }

  void visit(const Op& op) {
    check(op);
    if (op.micro_batch >= 0) seen(op.stage, op.micro_batch) |= bit(op.kind);
  }

  void check(const Op& op) {
    if (op.kind == OpKind::all_reduce || op.kind == OpKind::optimizer) {
      throw refuse(op, "is not part of a pipeline's order",
                   "it follows by itself at the step's end");
    }
    check_place(op);
    check_copy(op);
    if (is_deferred(op)) return visit_deferred(op);
    if (is_sharding(op.kind)) return visit_sharding(op);
    const Bits met = seen(op.stage, op.micro_batch);
    const bool repeated =
        (met & bit(op.kind)) != 0 || (sends_gradient(op.kind) && (met & gradient_bits) != 0);
    if (repeated) throw refuse(op, "stands twice", "remove one of the two");
    if (communicates(op.kind)) return check_message(op);
    if (op.kind == OpKind::recompute && (met & gradient_bits) != 0) {
      throw refuse(op, "stands behind the backward that it is for", "move it before the backward");
    }
    if (dropped_[2 * static_cast<std::size_t>(op.stage) + op.copy] != 0) {
      throw refuse(op, "stands behind the RESHARD of its stage",
                   "an UNSHARD has to bring the weights back before it");
    }
    check_needs(op);
  }

  // Neither can wait for the other: the second is checked before the first has been met.
  void visit_pair(const std::vector<Op>& lane) {
    const Op& first = lane[slot_];
    const bool fits = first.kind == OpKind::forward && slot_ + 1 < lane.size() &&
                      sends_gradient(lane[slot_ + 1].kind) && !lane[slot_ + 1].with_next;
    if (!fits) {
      throw refuse(first, "is not overlapped with a backward behind it",
                   "an overlapped pair is a forward and a backward of other micro-batches");
    }
    check(first);
    ++slot_;
    check(lane[slot_]);
    seen(first.stage, first.micro_batch) |= bit(first.kind);
    seen(lane[slot_].stage, lane[slot_].micro_batch) |= bit(lane[slot_].kind);
  }

  // What must still come of a stage and micro-batch; recompute, which need not: nothing.
  OpKind missing_of(int stage, int m, Bits met) const {
    const auto lacks = [&](OpKind kind) { return (met & bit(kind)) == 0; };
    if (lacks(OpKind::forward)) return OpKind::forward;
    if ((met & gradient_bits) == 0) return OpKind::backward;
    if (!lacks(OpKind::backward_input) && lacks(OpKind::backward_weight)) {
      return OpKind::backward_weight;
    }
    if (!ordered()) return OpKind::recompute;
    const int copy = std::max(0, copy_of_[static_cast<std::size_t>(m)]);
    const auto pass = [&](OpKind kind) {
      return Op{
          .kind = kind, .copy = static_cast<std::uint8_t>(copy), .stage = stage, .micro_batch = m};
    };
    const Op forward = pass(OpKind::forward);
    const Op backward = pass(OpKind::backward);
    for (const auto& message : {send_of(schedule_, forward), receive_for(schedule_, backward),
                                receive_for(schedule_, forward), send_of(schedule_, backward)}) {
      if (message && lacks(message->kind)) return message->kind;
    }
    return OpKind::recompute;
  }

  void check_complete() {
    for (int stage = 0; stage < schedule_.stages(); ++stage) {
      for (int m = 0; m < schedule_.micro_batches; ++m) {
        const OpKind missing = missing_of(stage, m, seen(stage, m));
        if (missing == OpKind::recompute) continue;
        const int copy = std::max(0, copy_of_[static_cast<std::size_t>(m)]);
        const Op op{.kind = missing,
                    .copy = static_cast<std::uint8_t>(copy),
                    .stage = stage,
                    .micro_batch = m};
        throw InputError(
            fmt::format("{}: must run every op once, got no {}",
                        place(schedule_.device_of(stage, copy), no_slot), describe(op)),
            communicates(missing) ? "every message between devices is sent once and received once"
                                  : "every stage runs F and B, or F, I and W, for every "
                                    "micro-batch");
      }
    }
  }
};

}  // namespace

void check_schedule(const Schedule& schedule, const PlaceOf& place_of) {
  Checker(schedule, place_of).run();
}

}  // namespace pipesim

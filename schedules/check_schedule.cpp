#include "schedules/check_schedule.hpp"

#include <fmt/format.h>

#include "models/input_error.hpp"

namespace pipesim {

namespace {

constexpr std::uint8_t bit(OpKind kind) {
  return static_cast<std::uint8_t>(1u << static_cast<unsigned>(kind));
}

constexpr std::uint8_t gradient_bits = bit(OpKind::backward) | bit(OpKind::backward_input);

class Checker {
 public:
  explicit Checker(const Schedule& schedule)
      : schedule_(schedule),
        seen_(schedule.placement.size() * static_cast<std::size_t>(schedule.micro_batches)) {}

  void run() {
    for (device_ = 0; device_ < schedule_.devices(); ++device_) {
      const auto& lane = schedule_.lanes[static_cast<std::size_t>(device_)];
      for (slot_ = 0; slot_ < lane.size(); ++slot_) visit(lane[slot_]);
    }
    check_complete();
  }

 private:
  const Schedule& schedule_;
  std::vector<std::uint8_t> seen_;  // What has been met of each (stage, micro-batch).
  int device_ = 0;
  std::size_t slot_ = 0;

  std::uint8_t& seen(int stage, int micro_batch) {
    return seen_[static_cast<std::size_t>(stage) *
                     static_cast<std::size_t>(schedule_.micro_batches) +
                 static_cast<std::size_t>(micro_batch)];
  }

  InputError refuse(const Op& op, std::string_view problem, std::string_view hint) const {
    return InputError(fmt::format("schedule {}: device {}, op {}: {}, got {}", schedule_.name,
                                  device_, slot_, problem, describe(op)),
                      hint);
  }

  void require(const Op& op, int stage, std::uint8_t any_of, OpKind needed) {
    require(op, {.kind = needed, .stage = stage, .micro_batch = op.micro_batch}, any_of);
  }
  void require(const Op& op, const Op& missing, std::uint8_t any_of) {
    if ((seen(missing.stage, missing.micro_batch) & any_of) == 0) {
      throw refuse(op, fmt::format("stands before {}, which it needs", describe(missing)),
                   "a device runs its ops in the order given: move it behind");
    }
  }

  bool here(int stage) const {
    return stage >= 0 && stage < schedule_.stages() &&
           schedule_.placement[static_cast<std::size_t>(stage)] == device_;
  }

  void check_place(const Op& op) const {
    if (op.stage < 0 || op.stage >= schedule_.stages()) {
      throw refuse(op, "names a stage that the pipeline has not",
                   fmt::format("stages are 0 to {}", schedule_.stages() - 1));
    }
    if (!is_deferred(op) && (op.micro_batch < 0 || op.micro_batch >= schedule_.micro_batches)) {
      throw refuse(op, "names a micro-batch that the step has not",
                   fmt::format("micro-batches are 0 to {}", schedule_.micro_batches - 1));
    }
    if (!here(op.stage)) {
      throw refuse(op, "stands on a device that does not hold its stage",
                   fmt::format("stage {} is on device {}", op.stage,
                               schedule_.placement[static_cast<std::size_t>(op.stage)]));
    }
  }

  void check_needs(const Op& op) {
    if (op.kind == OpKind::forward) {
      if (here(op.stage - 1)) require(op, op.stage - 1, bit(OpKind::forward), OpKind::forward);
      return;
    }
    if (op.kind == OpKind::backward_weight) {
      require(op, op.stage, bit(OpKind::backward_input), OpKind::backward_input);
      return;
    }
    require(op, op.stage, bit(OpKind::forward), OpKind::forward);
    const bool takes_gradient = sends_gradient(op.kind) || schedule_.lazy_recompute;
    if (takes_gradient && here(op.stage + 1)) {
      require(op, op.stage + 1, gradient_bits, OpKind::backward);
    }
  }

  // A W of the whole mini-batch counts as one for every micro-batch.
  void visit_deferred(const Op& op) {
    for (int m = 0; m < schedule_.micro_batches; ++m) {
      std::uint8_t& met = seen(op.stage, m);
      if ((met & bit(op.kind)) != 0) throw refuse(op, "stands twice", "remove one of the two");
      require(op, {.kind = OpKind::backward_input, .stage = op.stage, .micro_batch = m},
              bit(OpKind::backward_input));
      met |= bit(op.kind);
    }
  }

  void visit(const Op& op) {
    check_place(op);
    if (is_deferred(op)) return visit_deferred(op);
    if (op.kind == OpKind::all_reduce || op.kind == OpKind::optimizer) {
      throw refuse(op, "is not part of a pipeline's order",
                   "it follows by itself at the step's end");
    }
    std::uint8_t& met = seen(op.stage, op.micro_batch);
    const bool repeated =
        (met & bit(op.kind)) != 0 || (sends_gradient(op.kind) && (met & gradient_bits) != 0);
    if (repeated) throw refuse(op, "stands twice", "remove one of the two");
    if (op.kind == OpKind::recompute && (met & gradient_bits) != 0) {
      throw refuse(op, "stands behind the backward that it is for", "move it before the backward");
    }
    check_needs(op);
    met |= bit(op.kind);
  }

  void check_complete() {
    for (int stage = 0; stage < schedule_.stages(); ++stage) {
      for (int m = 0; m < schedule_.micro_batches; ++m) {
        const std::uint8_t met = seen(stage, m);
        const bool split = (met & bit(OpKind::backward_input)) != 0;
        const OpKind missing = (met & bit(OpKind::forward)) == 0 ? OpKind::forward
                               : (met & gradient_bits) == 0      ? OpKind::backward
                               : split && (met & bit(OpKind::backward_weight)) == 0
                                   ? OpKind::backward_weight
                                   : OpKind::recompute;
        if (missing == OpKind::recompute) continue;
        throw InputError(
            fmt::format("schedule {}: device {}: must run every op once, got no {}", schedule_.name,
                        schedule_.placement[static_cast<std::size_t>(stage)],
                        describe({.kind = missing, .stage = stage, .micro_batch = m})),
            "every stage runs F and B, or F, I and W, for every micro-batch");
      }
    }
  }
};

}  // namespace

void check_schedule(const Schedule& schedule) {
  Checker(schedule).run();
}

}  // namespace pipesim

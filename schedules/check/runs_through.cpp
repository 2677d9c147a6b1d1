#include "schedules/check/runs_through.hpp"

#include <cstdint>

namespace pipesim {

namespace {

// A micro-batch goes through one copy of every stage, so the copy need not be told apart here.
class Progress {
 public:
  explicit Progress(const Schedule& schedule)
      : schedule_(schedule),
        next_(schedule.lanes.size()),
        has_output_(cells(schedule)),
        has_gradient_(cells(schedule)) {}

  bool at_end(std::size_t lane) const { return next_[lane] == schedule_.lanes[lane].size(); }

  // Runs a lane up to an op that has to wait; `wake` is told the devices that were handed
  // something.
  void advance(std::size_t lane, std::vector<int>& wake) {
    const std::vector<Op>& ops = schedule_.lanes[lane];
    while (!at_end(lane)) {
      const std::size_t first = next_[lane];
      const std::size_t last = first + (ops[first].with_next ? 1 : 0);
      if (!ready(ops[first]) || !ready(ops[last])) return;
      for (std::size_t slot = first; slot <= last; ++slot) finish(ops[slot], wake);
      next_[lane] = last + 1;
    }
  }

 private:
  const Schedule& schedule_;
  std::vector<std::size_t> next_;  // The slot that each lane has come to.
  std::vector<std::uint8_t> has_output_;
  std::vector<std::uint8_t> has_gradient_;

  static std::size_t cells(const Schedule& schedule) {
    return schedule.placement.size() * static_cast<std::size_t>(schedule.micro_batches);
  }
  std::size_t cell(int stage, int micro_batch) const {
    return static_cast<std::size_t>(stage) * static_cast<std::size_t>(schedule_.micro_batches) +
           static_cast<std::size_t>(micro_batch);
  }

  bool ready(const Op& op) const {
    if (op.kind == OpKind::forward) {
      return op.stage == 0 || has_output_[cell(op.stage - 1, op.micro_batch)] != 0;
    }
    const bool waits =
        sends_gradient(op.kind) || (op.kind == OpKind::recompute && schedule_.lazy_recompute);
    return !waits || op.stage + 1 == schedule_.stages() ||
           has_gradient_[cell(op.stage + 1, op.micro_batch)] != 0;
  }

  void finish(const Op& op, std::vector<int>& wake) {
    if (op.kind == OpKind::forward) {
      has_output_[cell(op.stage, op.micro_batch)] = 1;
      wake.push_back(schedule_.device_of(op.stage + 1, op.copy));
    } else if (sends_gradient(op.kind)) {
      has_gradient_[cell(op.stage, op.micro_batch)] = 1;
      wake.push_back(schedule_.device_of(op.stage - 1, op.copy));
    }
  }
};

}  // namespace

bool runs_through(const Schedule& schedule) {
  Progress progress(schedule);
  std::vector<int> wake = one_stage_per_device(schedule.devices());
  while (!wake.empty()) {
    const int device = wake.back();
    wake.pop_back();
    if (device >= 0) progress.advance(static_cast<std::size_t>(device), wake);
  }
  for (std::size_t lane = 0; lane < schedule.lanes.size(); ++lane) {
    if (!progress.at_end(lane)) return false;
  }
  return true;
}

}  // namespace pipesim

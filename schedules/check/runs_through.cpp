#include "schedules/check/runs_through.hpp"

#include <cstdint>

#include "schedules/core/dependencies.hpp"

namespace pipesim {

namespace {

// A micro-batch goes through one copy of every stage, so the copy need not be told apart here.
class Progress {
 public:
  explicit Progress(const Schedule& schedule)
      : schedule_(schedule), next_(schedule.lanes.size()), arrived_(cells(schedule)) {}

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
  std::vector<std::size_t> next_;      // The slot that each lane has come to.
  std::vector<std::uint8_t> arrived_;  // [message]

  static std::size_t cells(const Schedule& schedule) {
    return 2 * schedule.placement.size() * static_cast<std::size_t>(schedule.micro_batches);
  }
  std::size_t index(const MessageId& message) const {
    const int row = 2 * message.stage + (message.is_gradient ? 1 : 0);
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(schedule_.micro_batches) +
           static_cast<std::size_t>(message.micro_batch);
  }

  // Sends and receives do not hold a lane up: whether they meet is the engine's question.
  bool ready(const Op& op) const {
    const auto message = communicates(op.kind) ? std::nullopt : message_to(op, schedule_);
    return !message || arrived_[index(*message)] != 0;
  }

  void finish(const Op& op, std::vector<int>& wake) {
    const auto message = communicates(op.kind) ? std::nullopt : message_from(op, schedule_);
    if (!message) return;
    arrived_[index(*message)] = 1;
    wake.push_back(schedule_.device_of(message->stage, op.copy));
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

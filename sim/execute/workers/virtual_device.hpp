#pragma once

#include <chrono>
#include <map>
#include <span>
#include <stdexcept>
#include <vector>

#include "sim/execute/workers/messages.hpp"
#include "sim/execute/workers/stage_worker.hpp"
#include "sim/execute/workers/step_clock.hpp"

namespace pipesim {

/// An op that failed: what happened, with its device. All devices have stopped.
/// Whatever ran it is not to be used again.
struct DeviceFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What all devices of a pipeline share.
struct Pipeline {
  const Schedule& schedule;
  const std::vector<StagePlan>& plans;  ///< Of every stage; only while devices are made.
  Messages& messages;
  const StepClock& clock;
};

/// One device with its memory and its stages, a second copy being a stage of its own. It runs ops
/// when told to; their inputs must have arrived. For one thread at a time.
template <class T>
class VirtualDevice {
 public:
  /// Draws the weights. Keeps references to all but the plans.
  VirtualDevice(const Pipeline& pipeline, int number, const std::vector<StageCopy>& stages);

  void begin_step(const MiniBatch<T>& batch, Update update);

  /// Runs one op of the lane, or the two of an overlapped pair, of which neither hands on its
  /// result before both are done. `times`: of the lane's ops, from the first on. A send, a receive
  /// and, since there is one replica, sharding do no work: their intervals have no length.
  /// Throws DeviceFailure, as what follows.
  void run(std::span<const Op> ops, Interval* times);

  /// Each stage's gradient goes to its other copy, if it has one. Returns how long it took to copy
  /// each of them.
  std::vector<Time> send_weight_gradients();

  /// What follows the pipeline: adds the gradients that the stages' other copies have sent, waiting
  /// for them, and then updates the weights. As every device has sent all of its gradients before
  /// it waits for one, they don't wait for each other in a circle.
  std::vector<TailSpan> finish_step(std::chrono::nanoseconds spin);

  const StageWorker<T>& stage(const StageCopy& held) const { return stages_.at(held); }
  const std::vector<AllocationEvent>& allocations() const { return memory_.events(); }

 private:
  const Schedule& schedule_;
  Messages& messages_;
  const StepClock& clock_;
  int number_;
  MiniBatch<T> batch_{};
  DeviceAllocator memory_{};
  std::map<StageCopy, StageWorker<T>> stages_{};

  const std::vector<Op>& lane() const { return schedule_.lanes[static_cast<std::size_t>(number_)]; }
  Block run_op(const Op& op, Interval& time);
  void count_received(const Op& op);
  TailSpan run_tail_op(OpKind kind, const StageCopy& held, Block received);
  template <class Run>
  auto blaming(const Op& op, Run&& run);
};

}  // namespace pipesim

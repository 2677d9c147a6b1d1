#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/engine.hpp"
#include "sim/execute/device_threads.hpp"
#include "sim/execute/messages.hpp"
#include "sim/execute/stage_worker.hpp"
#include "sim/execute/step_clock.hpp"
#include "sim/experiment.hpp"
#include "sim/timeline.hpp"

namespace pipesim {

/// An op that failed: what happened, with its device. All devices have stopped.
/// The executor is not to be used again.
struct DeviceFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A step whose ops ran one after the other.
struct Measured {
  OpTimes ops{};
  std::vector<TailSpan> tail{};  ///< Each from time 0 on.
};

/// Runs training steps of an experiment for real: the ops of its schedule, in their order, on
/// virtual devices whose tensors are counted. T is the precision, float or double.
template <class T>
class Executor {
 public:
  /// Allocates and draws the weights. The experiment, which must be one that can_execute() accepts
  /// and whose schedule does not deadlock, has to outlive the executor.
  explicit Executor(const Experiment& experiment);

  /// A thread for each device, real hand-offs, real time, from the first op's start on. Messages
  /// arrive when the receiver sees them: when they are sent, or when it stops waiting. A send or a
  /// receive has an interval without length: when it could go on.
  /// Throws DeviceFailure.
  Timeline run(const MiniBatch<T>& batch, Update update = Update::apply);

  /// Every op alone, on this thread. What sends, receives or stands for sharding takes no time; the
  /// sum of two copies' gradients includes what it takes to copy one. Throws DeviceFailure.
  Measured measure(const MiniBatch<T>& batch, Update update = Update::apply);

  /// The loss of the last mini-batch: the mean squared error, before the update.
  double loss() const;

  /// What a device allocated and released: its weights first, then the last step.
  const std::vector<AllocationEvent>& allocations(int device) const;

  /// A stage; of a bidirectional schedule's two copies the one of that number.
  const StageWorker<T>& stage(int index, int copy = 0) const {
    return *stages_[index_of({.stage = index, .copy = copy})];
  }

 private:
  const Experiment& experiment_;
  const Schedule& schedule_;
  std::vector<DeviceAllocator> memories_;
  std::vector<std::unique_ptr<StageWorker<T>>> stages_{};  ///< [copy · stages + stage]
  std::vector<std::vector<StageCopy>> stages_of_;
  Messages messages_;
  std::chrono::nanoseconds spin_{};
  std::optional<DeviceThreads> threads_{};
  std::int64_t elements_ = 1;  ///< Of the last mini-batch's targets.
  StepClock clock_{};

  std::mutex failure_lock_{};
  std::string failure_{};

  std::size_t index_of(const StageCopy& held) const {
    return static_cast<std::size_t>(held.copy * schedule_.stages() + held.stage);
  }
  StageWorker<T>& worker(const Op& op) { return *stages_[index_of({op.stage, op.copy})]; }
  int copies() const { return schedule_.bidirectional() ? 2 : 1; }
  void begin_step(const MiniBatch<T>& batch, Update update);
  void run_device(int device, const MiniBatch<T>& batch, Timeline& timeline,
                  std::vector<TailSpan>& tail);
  void fail(const char* what);
  void await(const Op& op, Timeline& timeline);
  bool measure_lane(int device, const MiniBatch<T>& batch, std::size_t& slot, Interval* times);
  void run_together(int device, std::span<const Op> ops, const MiniBatch<T>& batch,
                    Interval* times);
  Block run_op(int device, const Op& op, const MiniBatch<T>& batch, Interval& time);

  std::vector<Time> send_weight_gradients(int device);
  void run_tail(int device, const MiniBatch<T>& batch, std::vector<TailSpan>& tail);
  void run_tail_op(int device, const Op& op, Block received, const MiniBatch<T>& batch,
                   std::vector<TailSpan>& tail);
};

}  // namespace pipesim

#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/engine.hpp"
#include "sim/execute/device_threads.hpp"
#include "sim/execute/mailbox.hpp"
#include "sim/execute/stage_worker.hpp"
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
  /// arrive when the receiver sees them: when they are sent, or when it stops waiting.
  /// Throws DeviceFailure.
  Timeline run(const MiniBatch<T>& batch, Update update = Update::apply);

  /// Every op alone, on this thread. Throws DeviceFailure.
  Measured measure(const MiniBatch<T>& batch, Update update = Update::apply);

  /// The loss of the last mini-batch: the mean squared error, before the update.
  double loss() const;

  /// What a device allocated and released: its weights first, then the last step.
  const std::vector<AllocationEvent>& allocations(int device) const;

  const StageWorker<T>& stage(int index) const { return *stages_[static_cast<std::size_t>(index)]; }

 private:
  const Experiment& experiment_;
  const Schedule& schedule_;
  std::vector<DeviceAllocator> memories_;
  std::vector<std::unique_ptr<StageWorker<T>>> stages_{};
  std::vector<std::vector<StageCopy>> stages_of_;
  std::vector<Mailbox> activations_;  ///< [stage · M + micro-batch]: what that stage receives.
  std::vector<Mailbox> gradients_;
  std::chrono::nanoseconds spin_{};
  std::optional<DeviceThreads> threads_{};
  std::int64_t elements_ = 1;            ///< Of the last mini-batch's targets.
  Mailbox::Steady::time_point epoch_{};  ///< Of the step's readings of the clock.

  std::mutex failure_lock_{};
  std::string failure_{};

  Mailbox* consumed_by(const Op& op);
  Mailbox* filled_by(const Op& op);
  Mailbox& activation(int stage, int m);
  Mailbox& gradient(int stage, int m);
  void begin_step(const MiniBatch<T>& batch, Update update);
  void run_device(int device, const MiniBatch<T>& batch, Timeline& timeline,
                  std::vector<TailSpan>& tail);
  void run_op(int device, const Op& op, const MiniBatch<T>& batch, Timeline& timeline);
  void run_tail(int device, const MiniBatch<T>& batch, std::vector<TailSpan>& tail);
  void fail(int device, const Op& op, const char* what);
  bool measure_lane(int device, const MiniBatch<T>& batch, std::vector<Time>& times);
};

}  // namespace pipesim

#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "sim/engine/engine.hpp"
#include "sim/engine/timeline.hpp"
#include "sim/execute/workers/device_threads.hpp"
#include "sim/execute/workers/virtual_device.hpp"
#include "sim/step/experiment.hpp"

namespace pipesim {

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
  /// Throws DeviceFailure, or std::bad_alloc of a device; InputError where the system has no thread
  /// for each device, or no memory for their products.
  Timeline run(const MiniBatch<T>& batch, Update update = Update::apply);

  /// Every op alone, on this thread. What sends, receives or stands for sharding takes no time; the
  /// sum of two copies' gradients includes what it takes to copy one. Throws DeviceFailure.
  Measured measure(const MiniBatch<T>& batch, Update update = Update::apply);

  /// The loss of the last mini-batch: the mean squared error, before the update.
  double loss() const;

  /// What a device allocated and released: its weights first, then the last step.
  const std::vector<AllocationEvent>& allocations(int device) const {
    return devices_[static_cast<std::size_t>(device)]->allocations();
  }

  /// A stage; of a bidirectional schedule's two copies the one of that number.
  const StageWorker<T>& stage(int index, int copy = 0) const {
    const int device = schedule_.device_of(index, copy);
    return devices_[static_cast<std::size_t>(device)]->stage({.stage = index, .copy = copy});
  }

 private:
  const Schedule& schedule_;
  Messages messages_;
  StepClock clock_{};
  std::vector<std::unique_ptr<VirtualDevice<T>>> devices_{};
  std::chrono::nanoseconds spin_{};
  std::optional<DeviceThreads> threads_{};
  std::int64_t elements_ = 1;  ///< Of the last mini-batch's targets.

  std::mutex failure_lock_{};
  std::exception_ptr failure_{};

  void begin_step(const MiniBatch<T>& batch, Update update);
  void run_device(int device, Timeline& timeline, std::vector<TailSpan>& tail);
  void fail(std::exception_ptr failure);
  void await(const Op& op, Timeline& timeline);
  std::size_t measure_lane(std::size_t device, std::size_t first, Interval* times);
  LaneIntervals measure_lanes();
  std::vector<TailSpan> measure_tail();
};

}  // namespace pipesim

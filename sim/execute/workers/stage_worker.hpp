#pragma once

#include <vector>

#include "models/network/mlp.hpp"
#include "models/settings/pipeline_settings.hpp"
#include "schedules/core/op.hpp"
#include "sim/engine/memory_model.hpp"
#include "sim/execute/workers/device_allocator.hpp"
#include "sim/execute/workers/stage_parameters.hpp"
#include "sim/execute/workers/stash.hpp"
#include "sim/kernels/optimizer.hpp"

namespace pipesim {

/// A mini-batch, its samples as rows. It stays with the host: no device's memory counts it.
template <class T>
struct MiniBatch {
  Matrix<const T> inputs{};
  Matrix<const T> targets{};
};

/// What the optimizer does with a finished gradient.
enum class Update {
  apply,    ///< Updates the weights.
  collect,  ///< Leaves the gradient in place, to be looked at; weights stay as they are.
};

/// Really runs the ops of one stage, and holds and counts all its tensors exactly as op_memory says
/// (sim/engine/memory_model.hpp). For one thread at a time.
template <class T>
class StageWorker {
 public:
  /// `first_layer` counts in the network. Draws the weights.
  StageWorker(const StagePlan& plan, DeviceAllocator& memory);

  /// Runs an op. `received`: the message it consumes, if any; of A, the other copy's gradient.
  /// Returns the one that it sends, if any. Throws std::logic_error when the stage does not hold
  /// what the op needs.
  Block run(const Op& op, Block received, const MiniBatch<T>& batch);

  /// The step's gradient, for the other copy of the stage. It counts on no device.
  Block copy_of_gradient();

  /// The update of a schedule that accumulates gradients: the O at the end of the step.
  void update_weights();

  /// How the next step ends.
  void begin_step(Update update);

  /// Σ (y - t)² of a micro-batch; on the last stage, once its backward has run.
  double squared_error(int micro_batch) const;

  const StagePlan& plan() const { return plan_; }
  const StageParameters<T>& parameters() const { return parameters_; }
  /// After a step that collects: the gradient of the mini-batch.
  LinearParameters<T> gradient(int layer) const { return gradients_.layer(layer); }

 private:
  StagePlan plan_;
  DeviceAllocator& memory_;
  StageParameters<T> parameters_;
  StageParameters<T> gradients_;
  std::vector<StageParameters<T>> states_{};  ///< Of the optimizer: none, one or two.
  Stash<T> stash_;
  std::vector<double> squared_errors_{};
  Update update_ = Update::apply;
  int step_ = 0;

  Block forward(int m, Block received, const MiniBatch<T>& batch);
  Block forward_without_keeping(int m);
  void recompute(int m);
  void keep_insides(int m);
  Block backward(int m, Block received, const MiniBatch<T>& batch);
  Block backward_input(int m, Block received, const MiniBatch<T>& batch);
  void backward_weight(int m);
  void backward_weight_of_mini_batch();
  void add_gradient(Block received);
  Block output_gradient(int m, Block received, const MiniBatch<T>& batch);
};

}  // namespace pipesim

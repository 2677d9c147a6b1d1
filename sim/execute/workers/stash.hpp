#pragma once

#include <vector>

#include "sim/execute/workers/device_allocator.hpp"
#include "sim/execute/workers/stage_plan.hpp"
#include "sim/kernels/matrix.hpp"

namespace pipesim {

/// What a stage keeps of its micro-batches from forward to backward, counted as `stash`: its input,
/// the output of every layer, and after a split backward the gradients behind the layers, of which
/// the last one takes the place of the last output. They are freed micro-batch by micro-batch;
/// or, where the weight gradient is deferred, all together: each tensor then lies in one piece for
/// the whole mini-batch, in memory that is set aside once and counts as it is put to use.
/// Asking for what is not held throws std::logic_error.
template <class T>
class Stash {
 public:
  Stash(const StagePlan& plan, DeviceAllocator& memory);

  void keep_input(int m);     ///< F that is computed again.
  void keep_all(int m);       ///< F otherwise.
  void add_insides(int m);    ///< R
  void add_gradients(int m);  ///< I: room for the gradients between the layers.
  void release(int m);        ///< B, or W.
  void release_mini_batch();  ///< W of the whole mini-batch.

  Matrix<T> input(int layer, int m);
  Matrix<T> output(int layer, int m);
  /// The gradient behind a layer's product; that of the last layer lies where its output lay.
  Matrix<T> gradient(int layer, int m);

  /// The same for all samples of the mini-batch, where the weight gradient is deferred; all of it
  /// must be held, as require_mini_batch makes sure.
  Matrix<T> input_of_mini_batch(int layer);
  Matrix<T> gradient_of_mini_batch(int layer);
  void require_mini_batch();

 private:
  // What is held of a micro-batch. The blocks stay empty where tensors span the mini-batch.
  struct Kept {
    bool input = false;
    bool interior = false;
    bool gradients = false;
    Block with_input{};  ///< The input; also the outputs, unless they are computed again.
    Block again{};       ///< The outputs, where they are.
    Block between{};     ///< The gradients between the layers.
  };

  StagePlan plan_;
  DeviceAllocator& memory_;
  std::vector<Kept> kept_;
  Block mini_batch_{};
  std::vector<std::int64_t> outputs_before_{};  ///< [l]: values of the outputs before layer l's.

  Bytes bytes(std::int64_t values_a_sample) const;
  Bytes counted_input() const;
  std::int64_t all_outputs() const { return outputs_before_.back(); }
  Kept& at(int m);
  Kept& with_insides(int m);
  Kept& with_gradients(int m);
  Matrix<T> part_of_mini_batch(std::int64_t values_before, int columns) const;
  Matrix<T> part(const Block& block, std::int64_t values_before, int columns) const;
  void release(Kept& kept);
};

}  // namespace pipesim

#pragma once

#include <string>

#include "sim/execute/workers/executor.hpp"

namespace pipesim {

/// How the gradient of a pipelined step compares with that of the same network without a pipeline.
struct GradientCheck {
  double largest_error = 0;  ///< The largest max|Δ| / max|g| of all tensors.
  std::string tensor{};      ///< Where it is: "layer 3 weights".
  double tolerance = 0;      ///< 1e-12 in fp64, 1e-5 in fp32.
  bool same_bits = false;    ///< As a run without a pipeline that adds in the same order.
  bool finite = true;        ///< All gradients were. If not, training diverged, piped or not.

  /// Gradients that left the range have no errors to compare, but the same bits all the same.
  bool passed() const { return same_bits && (!finite || largest_error <= tolerance); }
};

/// The executor must have run its last step with Update::collect, on that mini-batch.
template <class T>
GradientCheck check_gradients(const Experiment& experiment, const Executor<T>& executor,
                              const MiniBatch<T>& batch);

}  // namespace pipesim

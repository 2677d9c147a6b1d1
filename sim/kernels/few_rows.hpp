#pragma once

#include "sim/kernels/matrix.hpp"

namespace pipesim {

/// Products whose left side has few rows, as a micro-batch has. OpenBLAS copies the whole weight
/// matrix into an order of its own first, which a large product pays back and a small one does not:
/// on a 1024 × 1024 layer whose weights come from memory it spends most of its time there. These
/// read the weights once, as they lie: 3 times as fast for 4 rows, 1.8 for 16, 1.3 for 32.
///
/// A row's result depends on that row and the weights alone, not on how many others there are.
template <class T>
struct FewRowsKernels {
  /// y += x W. x: n × inputs, W: inputs × outputs.
  void (*add_product)(Matrix<const T> x, Matrix<const T> weight, Matrix<T> y) = nullptr;
  /// dx = dy Wᵀ. dy: n × outputs.
  void (*transposed_product)(Matrix<const T> dy, Matrix<const T> weight, Matrix<T> dx) = nullptr;
};

/// Those for this machine's processor, or null where there are none: use OpenBLAS.
template <class T>
const FewRowsKernels<T>* few_rows_kernels();

}  // namespace pipesim

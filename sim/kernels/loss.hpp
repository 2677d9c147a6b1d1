#pragma once

#include "sim/kernels/matrix.hpp"

namespace pipesim {

/// The mean squared error of a mini-batch of N samples with O outputs is
/// Σ (y - t)² / (N·O). This is the sum alone, over the rows of a micro-batch: in double, row after
/// row, so that the sums of all micro-batches in order give the loss.
template <class T>
double squared_error(Matrix<const T> y, Matrix<const T> target);

/// dy = 2 (y - t) / elements, `elements` = N·O of the whole mini-batch: the derivative of the loss
/// above. dy may be y itself.
template <class T>
void squared_error_backward(Matrix<const T> y, Matrix<const T> target, double elements,
                            Matrix<T> dy);

}  // namespace pipesim

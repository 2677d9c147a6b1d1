#pragma once

#include <cstdint>

#include "sim/kernels/matrix.hpp"

namespace pipesim {

/// Samples first, first + 1, … of the synthetic data set, one per row. Inputs are standard normal;
/// a target is 1 for one class, drawn uniformly, and 0 for the others. A sample depends on seed and
/// number alone.
template <class T>
void draw_samples(std::int64_t seed, std::int64_t first, Matrix<T> inputs, Matrix<T> targets);

}  // namespace pipesim

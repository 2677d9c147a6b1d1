#pragma once

#include <cstdint>

#include "sim/kernels/linear.hpp"

namespace pipesim {

/// The weights that layer `layer` of the network starts with: normal with mean 0 and variance
/// 2 / inputs (He et al., arXiv:1502.01852), biases 0. They depend on seed, layer and shape alone,
/// not on how the network is cut into stages; those in float are those in double, rounded.
template <class T>
void draw_weights(std::int64_t seed, int layer, const LinearParameters<T>& parameters);

}  // namespace pipesim

#pragma once

#include "models/network/mlp.hpp"
#include "sim/kernels/matrix.hpp"

namespace pipesim {

/// y = act(y), element by element, in place.
template <class T>
void activate(Activation activation, Matrix<T> y);

/// dz = dy ⊙ act'(z), where y = act(z): relu' = [y > 0], tanh' = 1 - y², linear' = 1. All three
/// have one shape; dz may be y or dy itself.
template <class T>
void activation_backward(Activation activation, Matrix<const T> y, Matrix<const T> dy,
                         Matrix<T> dz);

}  // namespace pipesim

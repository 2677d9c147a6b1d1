#include "sim/kernels/activation.hpp"

#include <Eigen/Core>

namespace pipesim {

namespace {

// Eigen's tanh of a float is a quotient of polynomials, a few ulp off and an order of magnitude
// faster than the C library's. The elements before the first aligned one and after the last whole
// vector go through the same polynomials one by one, so where the data lies changes no bit: true
// of its tanh, not of all it has (its float square root is not the same inside a vector).
template <class T>
void apply_tanh(Matrix<T> y) {
  Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>> values(y.data,
                                                        static_cast<Eigen::Index>(y.size()));
  values = values.tanh();
}

}  // namespace

template <class T>
void activate(Activation activation, Matrix<T> y) {
  switch (activation) {
    case Activation::relu:
      for (T& value : y.all()) value = value < 0 ? T{0} : value;  // A NaN stays one.
      return;
    case Activation::tanh:
      apply_tanh(y);
      return;
    case Activation::linear:
      return;
  }
}

template <class T>
void activation_backward(Activation activation, Matrix<const T> y, Matrix<const T> dy,
                         Matrix<T> dz) {
  const std::size_t size = dz.size();
  switch (activation) {
    case Activation::relu:
      for (std::size_t i = 0; i < size; ++i) {
        const T gradient = dy.data[i];  // Read either way: then no branch stands in the loop.
        dz.data[i] = y.data[i] > 0 ? gradient : T{0};
      }
      return;
    case Activation::tanh:
      for (std::size_t i = 0; i < size; ++i) {
        dz.data[i] = dy.data[i] * (1 - y.data[i] * y.data[i]);
      }
      return;
    case Activation::linear:
      for (std::size_t i = 0; i < size; ++i) dz.data[i] = dy.data[i];
      return;
  }
}

template void activate(Activation, Matrix<float>);
template void activate(Activation, Matrix<double>);
template void activation_backward(Activation, Matrix<const float>, Matrix<const float>,
                                  Matrix<float>);
template void activation_backward(Activation, Matrix<const double>, Matrix<const double>,
                                  Matrix<double>);

}  // namespace pipesim

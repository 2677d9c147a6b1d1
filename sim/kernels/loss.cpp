#include "sim/kernels/loss.hpp"

namespace pipesim {

template <class T>
double squared_error(Matrix<const T> y, Matrix<const T> target) {
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double difference = double{y.data[i]} - double{target.data[i]};
    sum += difference * difference;
  }
  return sum;
}

template <class T>
void squared_error_backward(Matrix<const T> y, Matrix<const T> target, double elements,
                            Matrix<T> dy) {
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double difference = double{y.data[i]} - double{target.data[i]};
    dy.data[i] = static_cast<T>(2 * difference / elements);
  }
}

template double squared_error(Matrix<const float>, Matrix<const float>);
template double squared_error(Matrix<const double>, Matrix<const double>);
template void squared_error_backward(Matrix<const float>, Matrix<const float>, double,
                                     Matrix<float>);
template void squared_error_backward(Matrix<const double>, Matrix<const double>, double,
                                     Matrix<double>);

}  // namespace pipesim

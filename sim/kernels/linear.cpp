#include "sim/kernels/linear.hpp"

#include <algorithm>
#include <array>

#include "sim/kernels/blas.hpp"
#include "sim/kernels/few_rows.hpp"

namespace pipesim {

namespace {

void gemm(CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, int inner, float alpha,
          Matrix<const float> a, Matrix<const float> b, float beta, Matrix<float> c) {
  blas().sgemm(CblasRowMajor, transpose_a, transpose_b, c.rows, c.columns, inner, alpha, a.data,
               a.columns, b.data, b.columns, beta, c.data, c.columns);
}

void gemm(CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, int inner, double alpha,
          Matrix<const double> a, Matrix<const double> b, double beta, Matrix<double> c) {
  blas().dgemm(CblasRowMajor, transpose_a, transpose_b, c.rows, c.columns, inner, alpha, a.data,
               a.columns, b.data, b.columns, beta, c.data, c.columns);
}

// bias = beta·bias + alpha·(the sum of dy's rows). Row after row, so that the order of the
// additions depends on nothing but the rows; a block of columns at a time, so that the sums stay in
// the nearest cache. They are fp64 in either precision: thousands of rows that nearly cancel out
// would leave more rounding than gradient.
template <class T>
void add_rows(Matrix<const T> dy, T alpha, T beta, std::span<T> bias) {
  constexpr int block = 64;
  for (int first = 0; first < dy.columns; first += block) {
    const int width = std::min(block, dy.columns - first);
    std::array<double, block> sums{};
    for (int row = 0; row < dy.rows; ++row) {
      const T* values = dy.row(row) + first;
      for (int j = 0; j < width; ++j) sums[static_cast<std::size_t>(j)] += values[j];
    }
    T* target = bias.data() + first;
    for (int j = 0; j < width; ++j) {
      const T kept = beta == 0 ? T{0} : beta * target[j];  // As in BLAS, 0 keeps not even a NaN.
      target[j] = kept + alpha * static_cast<T>(sums[static_cast<std::size_t>(j)]);
    }
  }
}

// The kernels for few rows where they are the faster ones: measured, they are about even with
// OpenBLAS at 64 rows, and at 256 × 256 weights, for which it has small kernels of its own.
template <class T>
const FewRowsKernels<T>* few_rows(int rows, Matrix<const T> weight) {
  constexpr int most_rows = 32;
  constexpr std::size_t fewest_weights = std::size_t{1} << 17;
  return rows <= most_rows && weight.size() >= fewest_weights ? few_rows_kernels<T>() : nullptr;
}

}  // namespace

// With beta 0 OpenBLAS first writes zeros over the result and then adds to it. Writing the bias in
// their place and adding costs less than the product and a pass over y afterwards.
template <class T>
void linear_forward(Matrix<const T> x, const LinearParameters<const T>& layer, Matrix<T> y) {
  for (int row = 0; row < y.rows; ++row) std::ranges::copy(layer.bias, y.row(row));
  if (const FewRowsKernels<T>* kernels = few_rows<T>(x.rows, layer.weight)) {
    kernels->add_product(x, layer.weight, y);
  } else {
    gemm(CblasNoTrans, CblasNoTrans, x.columns, T{1}, x, layer.weight, T{1}, y);
  }
}

template <class T>
void linear_backward_input(Matrix<const T> dy, Matrix<const T> weight, Matrix<T> dx) {
  if (const FewRowsKernels<T>* kernels = few_rows<T>(dy.rows, weight)) {
    kernels->transposed_product(dy, weight, dx);
  } else {
    gemm(CblasNoTrans, CblasTrans, dy.columns, T{1}, dy, weight, T{0}, dx);
  }
}

template <class T>
void linear_backward_weight(Matrix<const T> x, Matrix<const T> dy, T alpha, T beta,
                            const LinearParameters<T>& target) {
  gemm(CblasTrans, CblasNoTrans, x.rows, alpha, x, dy, beta, target.weight);
  add_rows(dy, alpha, beta, target.bias);
}

template void linear_forward(Matrix<const float>, const LinearParameters<const float>&,
                             Matrix<float>);
template void linear_forward(Matrix<const double>, const LinearParameters<const double>&,
                             Matrix<double>);
template void linear_backward_input(Matrix<const float>, Matrix<const float>, Matrix<float>);
template void linear_backward_input(Matrix<const double>, Matrix<const double>, Matrix<double>);
template void linear_backward_weight(Matrix<const float>, Matrix<const float>, float, float,
                                     const LinearParameters<float>&);
template void linear_backward_weight(Matrix<const double>, Matrix<const double>, double, double,
                                     const LinearParameters<double>&);

}  // namespace pipesim

#include "sim/kernels/few_rows.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "sim/kernels/few_rows_sets.hpp"
#include "sim/kernels/reference.hpp"
#include "support/models/tensor.hpp"

namespace pipesim {

namespace {

using test::OwnedLayer;
using test::random_layer;
using test::random_tensor;
using test::relative_error;
using test::Tensor;
using test::tolerance;

// The sets that this machine can run.
template <class T>
std::vector<FewRowsKernels<T>> sets() {
  std::vector<FewRowsKernels<T>> all;
#if defined(__x86_64__)
  constexpr bool single = std::is_same_v<T, float>;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    if constexpr (single) all.push_back(few_rows_avx2_float);
    if constexpr (!single) all.push_back(few_rows_avx2_double);
  }
  if (__builtin_cpu_supports("avx512f")) {
    if constexpr (single) all.push_back(few_rows_avx512_float);
    if constexpr (!single) all.push_back(few_rows_avx512_double);
  }
#endif
  return all;
}

}  // namespace

TEST_SUITE("sim/kernels/few_rows") {
  TEST_CASE_TEMPLATE("every instruction set computes what the plain loops do", T, float, double) {
    for (const FewRowsKernels<T>& kernels : sets<T>()) {
      for (const int rows : {1, 2, 3, 4, 5, 8, 11, 16, 31, 64}) {
        for (const auto& [inputs, outputs] : std::vector<std::pair<int, int>>{
                 {1, 1}, {1, 40}, {40, 1}, {31, 15}, {32, 16}, {33, 17}, {100, 75}, {65, 133}}) {
          CAPTURE(rows);
          CAPTURE(inputs);
          CAPTURE(outputs);
          Tensor<T> x = random_tensor<T>(rows, inputs, 1);
          Tensor<T> dy = random_tensor<T>(rows, outputs, 2);
          OwnedLayer<T> layer = random_layer<T>(inputs, outputs, 3);
          Tensor<T> y(rows, outputs), dx(rows, inputs);
          Tensor<T> expected_y(rows, outputs), expected_dx(rows, inputs);
          for (int row = 0; row < rows; ++row) {
            std::ranges::copy(layer.bias.all(), y.view().row(row));
          }
          kernels.add_product(x, layer.weight, y);
          reference::linear_forward<T>(x, layer.view(), expected_y);
          CHECK(relative_error(y.all(), expected_y.all()) <= tolerance<T>);
          kernels.transposed_product(dy, layer.weight, dx);
          reference::linear_backward_input<T>(dy, layer.weight, expected_dx);
          CHECK(relative_error(dx.all(), expected_dx.all()) <= tolerance<T>);
        }
      }
    }
  }

  TEST_CASE_TEMPLATE("a row has the same bits alone and among others", T, float, double) {
    constexpr int rows = 27, inputs = 75, outputs = 53;
    for (const FewRowsKernels<T>& kernels : sets<T>()) {
      Tensor<T> x = random_tensor<T>(rows, inputs, 1);
      Tensor<T> dy = random_tensor<T>(rows, outputs, 2);
      Tensor<T> weight = random_tensor<T>(inputs, outputs, 3);
      Tensor<T> y(rows, outputs), dx(rows, inputs), y_alone(rows, outputs), dx_alone(rows, inputs);
      kernels.add_product(x, weight, y);
      kernels.transposed_product(dy, weight, dx);
      for (int row = 0; row < rows; ++row) {
        kernels.add_product(x.view().slice(row, 1), weight, y_alone.view().slice(row, 1));
        kernels.transposed_product(dy.view().slice(row, 1), weight, dx_alone.view().slice(row, 1));
      }
      CHECK(y.values() == y_alone.values());
      CHECK(dx.values() == dx_alone.values());
    }
  }
}

}  // namespace pipesim

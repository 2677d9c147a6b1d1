#include "sim/kernels/loss.hpp"

#include <doctest/doctest.h>

#include "sim/kernels/reference.hpp"
#include "support/models/tensor.hpp"

namespace pipesim {

namespace {

using test::random_tensor;
using test::relative_error;
using test::Tensor;

}  // namespace

TEST_SUITE("sim/kernels/loss") {
  TEST_CASE_TEMPLATE("two samples of two outputs, by hand", T, float, double) {
    std::vector<T> y{1, 2, 3, 4}, target{0, 4, 3, 0};
    const Matrix<T> outputs{.data = y.data(), .rows = 2, .columns = 2};
    const Matrix<const T> targets{.data = target.data(), .rows = 2, .columns = 2};
    CHECK(squared_error<T>(outputs, targets) == 1 + 4 + 0 + 16);
    squared_error_backward<T>(outputs, targets, 4, outputs);  // Over y itself.
    CHECK(y == std::vector<T>{0.5, -1, 0, 2});
  }

  TEST_CASE_TEMPLATE("sum and gradient are the plain loop's to the bit", T, float, double) {
    for (const auto& [rows, columns] : {std::pair{1, 1}, {1, 7}, {5, 3}, {16, 33}, {64, 70}}) {
      CAPTURE(rows);
      CAPTURE(columns);
      Tensor<T> y = random_tensor<T>(rows, columns, 1);
      Tensor<T> target = random_tensor<T>(rows, columns, 2);
      Tensor<T> dy(rows, columns), expected(rows, columns);
      CHECK(squared_error<T>(y, target) == reference::squared_error<T>(y, target));
      squared_error_backward<T>(y, target, 3 * rows * columns, dy);
      reference::squared_error_backward<T>(y, target, 3 * rows * columns, expected);
      CHECK(dy.values() == expected.values());
    }
  }

  TEST_CASE("the gradient is the derivative of the loss that is reported") {
    Tensor<double> y = random_tensor<double>(6, 5, 1);
    Tensor<double> target = random_tensor<double>(6, 5, 2);
    Tensor<double> dy(6, 5), differences(6, 5);
    const double elements = 6 * 5;
    squared_error_backward<double>(y, target, elements, dy);
    const double h = 0.0078125;  // Of a square, central differences are exact at any distance.
    for (std::size_t i = 0; i < dy.all().size(); ++i) {
      const double at = y.all()[i];
      y.all()[i] = at + h;
      const double above = squared_error<double>(y, target) / elements;
      y.all()[i] = at - h;
      const double below = squared_error<double>(y, target) / elements;
      y.all()[i] = at;
      differences.all()[i] = (above - below) / (2 * h);
    }
    CHECK(relative_error(dy.all(), differences.all()) <= 1e-12);
  }

  TEST_CASE("the micro-batches' sums and gradients are the mini-batch's") {
    Tensor<float> y = random_tensor<float>(128, 10, 1);
    Tensor<float> target = random_tensor<float>(128, 10, 2);
    Tensor<float> whole(128, 10), parts(128, 10);
    squared_error_backward<float>(y, target, 1280, whole);
    double sum = 0;
    for (int m = 0; m < 8; ++m) {
      const Matrix<float> outputs = micro_batch(y.view(), m, 8);
      const Matrix<float> targets = micro_batch(target.view(), m, 8);
      sum += squared_error<float>(outputs, targets);
      squared_error_backward<float>(outputs, targets, 1280, micro_batch(parts.view(), m, 8));
    }
    CHECK(sum == doctest::Approx(squared_error<float>(y, target)).epsilon(1e-14));
    CHECK(parts.values() == whole.values());
  }
}

}  // namespace pipesim

#include "sim/kernels/linear.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <utility>

#include "sim/kernels/blas.hpp"
#include "sim/kernels/reference.hpp"
#include "support/draws.hpp"
#include "support/models/tensor.hpp"

namespace pipesim {

namespace {

using test::OwnedLayer;
using test::random_layer;
using test::random_tensor;
using test::relative_error;
using test::Tensor;
using test::tolerance;

struct Shape {
  int samples = 0;
  int inputs = 0;
  int outputs = 0;
};

// Around and across the widths of vectors and of the blocks that sums are made in, and where one
// kind of product ends and the other begins.
constexpr Shape shapes[] = {
    {1, 1, 1},     {1, 7, 1},     {1, 1, 7},     {5, 3, 2},     {2, 1, 64},    {16, 33, 8},
    {7, 16, 63},   {16, 33, 17},  {64, 70, 65},  {3, 130, 129}, {9, 5, 200},   {70, 64, 64},
    {128, 96, 10}, {128, 10, 96}, {33, 257, 31}, {5, 300, 450}, {40, 450, 300}};

// One product of each kind, with every tensor that many elements into its block.
template <class T>
struct Products {
  Tensor<T> y, dx;
  OwnedLayer<T> gradient;

  Products(const Shape& shape, std::size_t offset)
      : y(shape.samples, shape.outputs, offset),
        dx(shape.samples, shape.inputs, offset),
        gradient(shape.inputs, shape.outputs, offset) {
    Tensor<T> x = random_tensor<T>(shape.samples, shape.inputs, 1, offset);
    Tensor<T> dy = random_tensor<T>(shape.samples, shape.outputs, 2, offset);
    OwnedLayer<T> layer = random_layer<T>(shape.inputs, shape.outputs, 3, offset);
    linear_forward<T>(x, layer.view(), y);
    linear_backward_input<T>(dy, layer.weight, dx);
    linear_backward_weight<T>(x, dy, 1, 1, gradient.view());
  }
};

}  // namespace

TEST_SUITE("sim/kernels/linear") {
  TEST_CASE_TEMPLATE("y = x W + b is what the plain loop computes", T, float, double) {
    for (const auto& [samples, inputs, outputs] : shapes) {
      CAPTURE(samples);
      CAPTURE(inputs);
      CAPTURE(outputs);
      Tensor<T> x = random_tensor<T>(samples, inputs, 1);
      OwnedLayer<T> layer = random_layer<T>(inputs, outputs, 2);
      Tensor<T> y = random_tensor<T>(samples, outputs, 3);  // What was there must not matter.
      Tensor<T> expected(samples, outputs);
      reference::linear_forward<T>(x, layer.view(), expected);
      linear_forward<T>(x, layer.view(), y);
      CHECK(relative_error(y.all(), expected.all()) <= tolerance<T>);
    }
  }

  TEST_CASE_TEMPLATE("dx = dy W^T is what the plain loop computes", T, float, double) {
    for (const auto& [samples, inputs, outputs] : shapes) {
      CAPTURE(samples);
      CAPTURE(inputs);
      CAPTURE(outputs);
      Tensor<T> dy = random_tensor<T>(samples, outputs, 1);
      Tensor<T> weight = random_tensor<T>(inputs, outputs, 2);
      Tensor<T> dx = random_tensor<T>(samples, inputs, 3);
      Tensor<T> expected(samples, inputs);
      reference::linear_backward_input<T>(dy, weight, expected);
      linear_backward_input<T>(dy, weight, dx);
      CHECK(relative_error(dx.all(), expected.all()) <= tolerance<T>);
    }
  }

  TEST_CASE("W reads every element of its input and of the gradient behind it") {
    std::mt19937 random(82);
    for (int trial = test::draws(2000); trial > 0; --trial) {
      const auto up_to = [&](int most) { return 1 + static_cast<int>(random() % most); };
      const Shape shape{up_to(6), up_to(9), up_to(9)};
      Tensor<double> x = random_tensor<double>(shape.samples, shape.inputs, 1);
      Tensor<double> dy = random_tensor<double>(shape.samples, shape.outputs, 2);
      for (double& value : x.all()) value += 2;  // None is zero, so that each product counts.
      for (double& value : dy.all()) value += 2;
      const auto gradient = [&] {
        OwnedLayer<double> layer(shape.inputs, shape.outputs);
        linear_backward_weight<double>(x, dy, 1, 0, layer.view());
        return std::pair{layer.weight.values(), layer.bias.values()};
      };
      const auto before = gradient();
      const std::span<double> read = random() % 2 == 0 ? x.all() : dy.all();
      read[random() % read.size()] += 1;
      CHECK(gradient() != before);
    }
  }

  TEST_CASE("thousands of rows that nearly cancel out keep the figures of the biases' gradient") {
    constexpr int rows = 16384;
    Tensor<float> x(rows, 1);
    Tensor<float> dy = random_tensor<float>(rows, 8, 2);
    OwnedLayer<float> gradient(1, 8);
    linear_backward_weight<float>(x, dy, 1, 0, gradient.view());
    for (int o = 0; o < 8; ++o) {
      double exact = 0;
      const Matrix<const float> all = dy;
      for (int n = 0; n < rows; ++n) exact += double{all.row(n)[o]};
      CAPTURE(o);
      // It is rounded once, as it is stored.
      CHECK(static_cast<double>(gradient.bias.values()[static_cast<std::size_t>(o)]) ==
            doctest::Approx(exact).epsilon(std::numeric_limits<float>::epsilon()));
    }
  }

  TEST_CASE_TEMPLATE(
      "the weights' gradient is what the plain loop computes, the biases' to the bit", T, float,
      double) {
    for (const auto& [alpha, beta] : {std::pair<T, T>{1, 0}, {1, 1}, {T{-0.125}, 1}, {2, T{0.5}}}) {
      for (const auto& [samples, inputs, outputs] : shapes) {
        CAPTURE(alpha);
        CAPTURE(beta);
        CAPTURE(samples);
        CAPTURE(inputs);
        CAPTURE(outputs);
        Tensor<T> x = random_tensor<T>(samples, inputs, 1);
        Tensor<T> dy = random_tensor<T>(samples, outputs, 2);
        OwnedLayer<T> target = random_layer<T>(inputs, outputs, 3);
        OwnedLayer<T> expected = random_layer<T>(inputs, outputs, 3);
        linear_backward_weight<T>(x, dy, alpha, beta, target.view());
        reference::linear_backward_weight<T>(x, dy, alpha, beta, expected.view());
        CHECK(relative_error(target.weight.all(), expected.weight.all()) <= tolerance<T>);
        CHECK(target.bias.values() == expected.bias.values());
      }
    }
  }

  TEST_CASE("one sample through one layer, by hand") {
    // 3 inputs, 2 outputs.
    std::vector<double> x{1, 2, 3}, weight{1, 4, 2, 5, 3, 6}, bias{10, 20}, dy{1, -1};
    std::vector<double> y(2), dx(3), weight_gradient(6, 100), bias_gradient(2, 100);
    const Matrix<double> w{.data = weight.data(), .rows = 3, .columns = 2};
    linear_forward<double>({x.data(), 1, 3}, {w, bias}, {y.data(), 1, 2});
    CHECK(y == std::vector<double>{24, 52});
    linear_backward_input<double>({dy.data(), 1, 2}, w, {dx.data(), 1, 3});
    CHECK(dx == std::vector<double>{-3, -3, -3});
    linear_backward_weight<double>({x.data(), 1, 3}, {dy.data(), 1, 2}, 1, 1,
                                   {{weight_gradient.data(), 3, 2}, bias_gradient});
    CHECK(weight_gradient == std::vector<double>{101, 99, 102, 98, 103, 97});
    CHECK(bias_gradient == std::vector<double>{101, 99});
  }

  TEST_CASE_TEMPLATE("nothing is kept of what memory held: not even a NaN", T, float, double) {
    Tensor<T> x = random_tensor<T>(16, 33, 1);
    Tensor<T> dy = random_tensor<T>(16, 65, 2);
    OwnedLayer<T> layer = random_layer<T>(33, 65, 3);
    Tensor<T> y(16, 65), dx(16, 33), clean_y(16, 65), clean_dx(16, 33);
    OwnedLayer<T> gradient(33, 65), clean_gradient(33, 65);
    for (const std::span<T> garbage : {gradient.weight.all(), gradient.bias.all()}) {
      std::ranges::fill(garbage, std::numeric_limits<T>::quiet_NaN());
    }
    std::ranges::fill(y.all(), std::numeric_limits<T>::quiet_NaN());
    std::ranges::fill(dx.all(), std::numeric_limits<T>::quiet_NaN());
    linear_forward<T>(x, layer.view(), y);
    linear_forward<T>(x, layer.view(), clean_y);
    CHECK(y.values() == clean_y.values());
    linear_backward_input<T>(dy, layer.weight, dx);
    linear_backward_input<T>(dy, layer.weight, clean_dx);
    CHECK(dx.values() == clean_dx.values());
    linear_backward_weight<T>(x, dy, 1, 0, gradient.view());
    linear_backward_weight<T>(x, dy, 1, 0, clean_gradient.view());
    CHECK(gradient.weight.values() == clean_gradient.weight.values());
    CHECK(gradient.bias.values() == clean_gradient.bias.values());
  }

  TEST_CASE_TEMPLATE("where in memory the tensors lie changes no bit", T, float, double) {
    for (const Shape& shape :
         {Shape{16, 33, 17}, Shape{64, 70, 65}, Shape{3, 130, 129}, Shape{9, 300, 450}}) {
      Products<T> aligned(shape, 0);
      for (std::size_t offset = 1; offset < 16; ++offset) {
        CAPTURE(offset);
        Products<T> shifted(shape, offset);
        CHECK(shifted.y.values() == aligned.y.values());
        CHECK(shifted.dx.values() == aligned.dx.values());
        CHECK(shifted.gradient.weight.values() == aligned.gradient.weight.values());
        CHECK(shifted.gradient.bias.values() == aligned.gradient.bias.values());
      }
    }
  }

  TEST_CASE("gradients accumulated over the micro-batches are those of the whole mini-batch") {
    Tensor<double> x = random_tensor<double>(128, 70, 1);
    Tensor<double> dy = random_tensor<double>(128, 65, 2);
    OwnedLayer<double> whole(70, 65);
    linear_backward_weight<double>(x, dy, 1, 1, whole.view());
    for (const int micro_batches : {2, 8, 32, 128}) {
      CAPTURE(micro_batches);
      OwnedLayer<double> sum(70, 65);
      for (int m = 0; m < micro_batches; ++m) {
        linear_backward_weight<double>(micro_batch(x.view(), m, micro_batches),
                                       micro_batch(dy.view(), m, micro_batches), 1, 1, sum.view());
      }
      CHECK(relative_error(sum.weight.all(), whole.weight.all()) <= 1e-12);
      CHECK(relative_error(sum.bias.all(), whole.bias.all()) <= 1e-12);
    }
  }

  TEST_CASE("OpenBLAS starts no thread for a product") {
    CHECK(blas().threads() == 1);
  }

  TEST_CASE("alpha -rate, beta 1 on the weights is a step down the gradient") {
    const double rate = 0.25;
    Tensor<double> x = random_tensor<double>(16, 33, 1);
    Tensor<double> dy = random_tensor<double>(16, 17, 2);
    OwnedLayer<double> layer = random_layer<double>(33, 17, 3);
    OwnedLayer<double> expected = random_layer<double>(33, 17, 3);
    OwnedLayer<double> gradient(33, 17);
    linear_backward_weight<double>(x, dy, 1, 0, gradient.view());
    descend<double>(rate, expected.weight.all(), gradient.weight.all());
    descend<double>(rate, expected.bias.all(), gradient.bias.all());
    linear_backward_weight<double>(x, dy, -rate, 1, layer.view());
    CHECK(relative_error(layer.weight.all(), expected.weight.all()) <= 1e-13);
    CHECK(layer.bias.values() == expected.bias.values());
  }
}

}  // namespace pipesim

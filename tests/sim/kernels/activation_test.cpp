#include "sim/kernels/activation.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "sim/kernels/reference.hpp"
#include "support/models/tensor.hpp"

namespace pipesim {

namespace {

using test::random_tensor;
using test::relative_error;
using test::Tensor;
using test::tolerance;

constexpr Activation activations[] = {Activation::relu, Activation::tanh, Activation::linear};

// Values of every size from 1e-6 to 100, of both signs.
template <class T>
Tensor<T> wide_range(int rows, int columns, std::size_t offset = 0) {
  Tensor<T> tensor = random_tensor<T>(rows, columns, 1, offset);
  int power = 0;
  for (T& value : tensor.all()) {
    value = static_cast<T>(double{value} * std::pow(10.0, power - 6));
    power = (power + 1) % 9;
  }
  return tensor;
}

}  // namespace

TEST_SUITE("sim/kernels/activation") {
  TEST_CASE_TEMPLATE("relu and linear are the plain loop's to the bit, tanh each to a few ulp", T,
                     float, double) {
    for (const auto& [rows, columns] : {std::pair{1, 1}, {1, 7}, {5, 3}, {16, 33}, {64, 70}}) {
      CAPTURE(rows);
      CAPTURE(columns);
      for (const Activation activation : activations) {
        CAPTURE(static_cast<int>(activation));
        Tensor<T> y = wide_range<T>(rows, columns);
        Tensor<T> expected = wide_range<T>(rows, columns);
        activate<T>(activation, y);
        reference::activate<T>(activation, expected);
        if (activation != Activation::tanh) {
          CHECK(y.values() == expected.values());
          continue;
        }
        for (std::size_t i = 0; i < y.all().size(); ++i) {
          CHECK(relative_error(y.all().subspan(i, 1), expected.all().subspan(i, 1)) <=
                8 * double{std::numeric_limits<T>::epsilon()});
        }
      }
    }
  }

  TEST_CASE_TEMPLATE("the backward is the plain loop's to the bit", T, float, double) {
    for (const auto& [rows, columns] : {std::pair{1, 1}, {1, 7}, {5, 3}, {16, 33}, {64, 70}}) {
      CAPTURE(rows);
      CAPTURE(columns);
      for (const Activation activation : activations) {
        CAPTURE(static_cast<int>(activation));
        Tensor<T> y = random_tensor<T>(rows, columns, 1);
        reference::activate<T>(activation, y);
        Tensor<T> dy = random_tensor<T>(rows, columns, 2);
        Tensor<T> dz(rows, columns), expected(rows, columns);
        activation_backward<T>(activation, y, dy, dz);
        reference::activation_backward<T>(activation, y, dy, expected);
        CHECK(dz.values() == expected.values());
      }
    }
  }

  TEST_CASE_TEMPLATE("the backward may write over y or over dy", T, float, double) {
    for (const Activation activation : activations) {
      CAPTURE(static_cast<int>(activation));
      Tensor<T> y = random_tensor<T>(16, 33, 1);
      Tensor<T> dy = random_tensor<T>(16, 33, 2);
      Tensor<T> dz(16, 33), over_y = y, over_dy = dy;
      activation_backward<T>(activation, y, dy, dz);
      activation_backward<T>(activation, over_y, dy, over_y);
      activation_backward<T>(activation, y, over_dy, over_dy);
      CHECK(over_y.values() == dz.values());
      CHECK(over_dy.values() == dz.values());
    }
  }

  TEST_CASE_TEMPLATE("where in memory the elements lie changes no bit", T, float, double) {
    for (const Activation activation : activations) {
      CAPTURE(static_cast<int>(activation));
      // Not a whole number of vectors: every element is head, body and tail in turn.
      Tensor<T> aligned = wide_range<T>(13, 71);
      activate<T>(activation, aligned);
      Tensor<T> dy = random_tensor<T>(13, 71, 2);
      Tensor<T> dz(13, 71);
      activation_backward<T>(activation, aligned, dy, dz);
      for (std::size_t offset = 1; offset < 16; ++offset) {
        CAPTURE(offset);
        Tensor<T> shifted = wide_range<T>(13, 71, offset);
        activate<T>(activation, shifted);
        CHECK(shifted.values() == aligned.values());
        Tensor<T> shifted_dy = random_tensor<T>(13, 71, 2, offset);
        activation_backward<T>(activation, shifted, shifted_dy, shifted_dy);
        CHECK(shifted_dy.values() == dz.values());
      }
    }
  }

  TEST_CASE_TEMPLATE("an element's tanh is the same alone as among others", T, float, double) {
    Tensor<T> together = wide_range<T>(1, 71);
    Tensor<T> alone = wide_range<T>(1, 71);
    activate<T>(Activation::tanh, together);
    for (T& value : alone.all()) activate<T>(Activation::tanh, {&value, 1, 1});
    CHECK(alone.values() == together.values());
  }

  TEST_CASE_TEMPLATE("a NaN stays one, so that a training that diverged is seen to", T, float,
                     double) {
    for (const Activation activation : activations) {
      CAPTURE(static_cast<int>(activation));
      Tensor<T> y(1, 21);
      std::ranges::fill(y.all(), std::numeric_limits<T>::quiet_NaN());
      activate<T>(activation, y);
      for (const T value : y.all()) CHECK(std::isnan(value));
    }
  }

  TEST_CASE_TEMPLATE("relu is flat at 0, and tanh ends at 1", T, float, double) {
    std::vector<T> y{-2, 0, 2}, dy{5, 5, 5};
    activate<T>(Activation::relu, {y.data(), 1, 3});
    CHECK(y == std::vector<T>{0, 0, 2});
    activation_backward<T>(Activation::relu, {y.data(), 1, 3}, {dy.data(), 1, 3},
                           {dy.data(), 1, 3});
    CHECK(dy == std::vector<T>{0, 0, 5});
    std::vector<T> ends{-100, 0, 100};
    activate<T>(Activation::tanh, {ends.data(), 1, 3});
    CHECK(ends == std::vector<T>{-1, 0, 1});
  }
}

}  // namespace pipesim

#include "sim/kernels/optimizer.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sim/kernels/reference.hpp"
#include "support/models/tensor.hpp"

namespace pipesim {

namespace {

using test::fill_randomly;
using test::Tensor;

constexpr Optimizer optimizers[] = {Optimizer::sgd, Optimizer::momentum, Optimizer::adam,
                                    Optimizer::rmsprop};

// A run of parameters as an optimizer sees them, `offset` elements into their blocks.
template <class T>
struct Parameters {
  Tensor<T> weights, gradient, first, second;

  Parameters(Optimizer kind, int count, std::size_t offset = 0)
      : weights(1, count, offset),
        gradient(1, count, offset),
        first(1, states_per_parameter(kind) > 0 ? count : 0, offset),
        second(1, states_per_parameter(kind) > 1 ? count : 0, offset) {
    fill_randomly(weights.all(), 1);
  }

  OptimizerView<T> view() {
    return {.weights = weights.all(),
            .gradient = gradient.all(),
            .first = first.all(),
            .second = second.all()};
  }
};

// The weight, which starts as 1, after each of the steps that have these gradients.
template <class T>
std::vector<T> path(const OptimizerSettings& settings, const std::vector<double>& gradients) {
  Parameters<T> parameter(settings.kind, 1);
  parameter.weights.all()[0] = 1;
  std::vector<T> weights;
  for (const double gradient : gradients) {
    parameter.gradient.all()[0] = static_cast<T>(gradient);
    update(settings, static_cast<int>(weights.size()) + 1, parameter.view());
    CHECK(parameter.gradient.all()[0] == 0);
    weights.push_back(parameter.weights.all()[0]);
  }
  return weights;
}

template <class T>
doctest::Approx description(double value) {
  return doctest::Approx(value).epsilon(sizeof(T) == sizeof(float) ? 1e-6 : 1e-14);
}

}  // namespace

TEST_SUITE("sim/kernels/optimizer") {
  TEST_CASE_TEMPLATE("two steps of gradient descent, by hand", T, float, double) {
    const std::vector<T> weights =
        path<T>({.kind = Optimizer::sgd, .learning_rate = 0.1}, {0.5, -1});
    CHECK(weights[0] == description<T>(0.95));
    CHECK(weights[1] == description<T>(1.05));
  }

  TEST_CASE_TEMPLATE("two steps with momentum, by hand", T, float, double) {
    const std::vector<T> weights =
        path<T>({.kind = Optimizer::momentum, .learning_rate = 0.1, .momentum = 0.9}, {0.5, -1});
    CHECK(weights[0] == description<T>(1 - 0.1 * 0.5));
    CHECK(weights[1] == description<T>(0.95 - 0.1 * (0.9 * 0.5 - 1)));  // 1.005
  }

  TEST_CASE_TEMPLATE("two steps of RMSprop, by hand", T, float, double) {
    const std::vector<T> weights = path<T>(
        {.kind = Optimizer::rmsprop, .learning_rate = 0.1, .smoothing = 0.75, .epsilon = 0.1},
        {0.8, -0.4});
    // s = 0.25 * 0.64 = 0.16, and again 0.75 * 0.16 + 0.25 * 0.16.
    CHECK(weights[0] == description<T>(1 - 0.1 * 0.8 / (0.4 + 0.1)));
    CHECK(weights[1] == description<T>(0.84 + 0.1 * 0.4 / (0.4 + 0.1)));  // 0.92
  }

  TEST_CASE_TEMPLATE("two steps of Adam, by hand", T, float, double) {
    const std::vector<T> weights = path<T>({.kind = Optimizer::adam,
                                            .learning_rate = 0.1,
                                            .decay_of_mean = 0.5,
                                            .decay_of_square = 0.75,
                                            .epsilon = 0.1},
                                           {0.8, 0.4});
    // m = 0.4 and v = 0.16 after either step; 1 - 0.5^2 = 0.75, 1 - 0.75^2 = 0.4375.
    const double first = 1 - 0.1 * 0.8 / (0.8 + 0.1);
    CHECK(weights[0] == description<T>(first));
    CHECK(weights[1] ==
          description<T>(first - 0.1 * (0.4 / 0.75) / (std::sqrt(0.16 / 0.4375) + 0.1)));
  }

  TEST_CASE("Adam's first step moves a weight by the learning rate, whatever the gradient") {
    for (const double gradient : {1e-6, 0.3, 1e6}) {
      CAPTURE(gradient);
      const OptimizerSettings settings{
          .kind = Optimizer::adam, .learning_rate = 0.01, .epsilon = 0};
      CHECK(path<double>(settings, {gradient})[0] == doctest::Approx(0.99).epsilon(1e-14));
      CHECK(path<double>(settings, {-gradient})[0] == doctest::Approx(1.01).epsilon(1e-14));
    }
  }

  TEST_CASE_TEMPLATE("several steps are the plain loop's to the bit, wherever memory lies", T,
                     float, double) {
    for (const Optimizer kind : optimizers) {
      CAPTURE(static_cast<int>(kind));
      const OptimizerSettings settings{.kind = kind, .learning_rate = 0.01};
      for (std::size_t offset = 0; offset < 16; ++offset) {
        CAPTURE(offset);
        Parameters<T> actual(kind, 67, offset), expected(kind, 67);
        for (int step = 1; step <= 5; ++step) {
          CAPTURE(step);
          fill_randomly(actual.gradient.all(), static_cast<std::uint32_t>(step));
          fill_randomly(expected.gradient.all(), static_cast<std::uint32_t>(step));
          update(settings, step, actual.view());
          reference::update(settings, step, expected.view());
          CHECK(actual.weights.values() == expected.weights.values());
          CHECK(actual.first.values() == expected.first.values());
          CHECK(actual.second.values() == expected.second.values());
          CHECK(actual.gradient.values() == std::vector<T>(67, 0));
        }
      }
    }
  }

  TEST_CASE_TEMPLATE("descending along a gradient is gradient descent that leaves it", T, float,
                     double) {
    Parameters<T> descended(Optimizer::sgd, 67), updated(Optimizer::sgd, 67);
    fill_randomly(descended.gradient.all(), 7);
    fill_randomly(updated.gradient.all(), 7);
    const std::vector<T> direction = updated.gradient.values();
    descend<T>(0.01, descended.weights.all(), descended.gradient.all());
    update<T>({.kind = Optimizer::sgd, .learning_rate = 0.01}, 1, updated.view());
    CHECK(descended.weights.values() == updated.weights.values());
    CHECK(descended.gradient.values() == direction);
  }
}

}  // namespace pipesim

#include "sim/execute/data/data_set.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support/models/tensor.hpp"

namespace pipesim {

namespace {

using test::Tensor;

template <class T>
struct Samples {
  Tensor<T> inputs, targets;
};

template <class T>
Samples<T> drawn(std::int64_t seed, std::int64_t first, int count, int width = 12,
                 int classes = 5) {
  Samples<T> samples{.inputs = {count, width}, .targets = {count, classes}};
  std::ranges::fill(samples.targets.all(), T{7});
  draw_samples<T>(seed, first, samples.inputs, samples.targets);
  return samples;
}

template <class T>
std::vector<T> rows(Tensor<T>& tensor, int first, int count) {
  const Matrix<T> part = tensor.view().slice(first, count);
  return {part.all().begin(), part.all().end()};
}

}  // namespace

TEST_SUITE("sim/execute/data/data_set") {
  TEST_CASE_TEMPLATE("a sample depends on its number, not on where drawing starts", T, float,
                     double) {
    Samples<T> all = drawn<T>(42, 0, 15);
    Samples<T> later = drawn<T>(42, 5, 10);
    CHECK(later.inputs.values() == rows(all.inputs, 5, 10));
    CHECK(later.targets.values() == rows(all.targets, 5, 10));
    for (int number = 0; number < 15; ++number) {
      CHECK(drawn<T>(42, number, 1).inputs.values() == rows(all.inputs, number, 1));
    }
  }

  TEST_CASE("another seed, or another number, shares no input") {
    const std::vector<double> inputs = drawn<double>(42, 0, 10).inputs.values();
    const std::vector<double> other_seed = drawn<double>(43, 0, 10).inputs.values();
    const std::vector<double> next = drawn<double>(42, 1, 10).inputs.values();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      CHECK(inputs[i] != other_seed[i]);
      CHECK(inputs[i] != next[i]);
    }
  }

  TEST_CASE("samples in float are those in double, rounded") {
    Samples<double> in_double = drawn<double>(42, 0, 10);
    std::vector<float> rounded;
    for (const double input : in_double.inputs.all()) rounded.push_back(static_cast<float>(input));
    CHECK(drawn<float>(42, 0, 10).inputs.values() == rounded);
  }

  TEST_CASE("the first sample of seed 42, the same on every platform") {
    Samples<double> sample = drawn<double>(42, 0, 1, 3, 5);
    CHECK(sample.inputs.values() ==
          std::vector<double>{-0x1.202a5371a6732p-3, -0x1.d5d596c64d3d6p-1, -0x1.342a910059397p-3});
    CHECK(sample.targets.values() == std::vector<double>{0, 0, 0, 1, 0});
  }

  TEST_CASE_TEMPLATE("a target is 1 for one class and 0 for the others", T, float, double) {
    Samples<T> samples = drawn<T>(42, 0, 1000);
    for (int number = 0; number < 1000; ++number) {
      const std::vector<T> target = rows(samples.targets, number, 1);
      CHECK(std::ranges::count(target, T{1}) == 1);
      CHECK(std::ranges::count(target, T{0}) == 4);
    }
  }

  TEST_CASE("one class is every sample's") {
    CHECK(drawn<float>(42, 0, 10, 3, 1).targets.values() == std::vector<float>(10, 1));
  }

  TEST_CASE("each class is a fair share of the samples, within four standard errors") {
    const int count = 20000, classes = 5;
    Samples<float> samples = drawn<float>(42, 0, count, 1, classes);
    for (int label = 0; label < classes; ++label) {
      CAPTURE(label);
      double of_class = 0;
      for (int number = 0; number < count; ++number) {
        of_class += double{samples.targets.view().row(number)[label]};
      }
      CHECK(std::abs(of_class / count - 0.2) <= 4 * std::sqrt(0.2 * 0.8 / count));
    }
  }

  TEST_CASE("inputs are standard normal, across samples too, within four standard errors") {
    const int count = 20000;
    Samples<double> samples = drawn<double>(42, 0, count, 2, 5);
    double sum = 0, squares = 0, with_the_next = 0;
    for (int number = 0; number < count; ++number) {
      const double* input = samples.inputs.view().row(number);
      sum += input[0];
      squares += input[0] * input[0];
      if (number + 1 < count) with_the_next += input[0] * input[2];
    }
    CHECK(std::abs(sum / count) <= 4 * std::sqrt(1.0 / count));
    CHECK(std::abs(squares / count - 1) <= 4 * std::sqrt(2.0 / count));
    CHECK(std::abs(with_the_next / count) <= 4 * std::sqrt(1.0 / count));
  }
}

}  // namespace pipesim

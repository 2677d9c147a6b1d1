#include "sim/execute/data/initial_weights.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support/models/tensor.hpp"

namespace pipesim {

namespace {

using test::OwnedLayer;

template <class T>
OwnedLayer<T> drawn(std::int64_t seed, int layer, int inputs, int outputs) {
  OwnedLayer<T> parameters(inputs, outputs);
  std::ranges::fill(parameters.bias.all(), T{7});
  draw_weights<T>(seed, layer, parameters.view());
  return parameters;
}

// The mean of values^power.
double moment(std::span<const double> values, int power) {
  double sum = 0;
  for (const double value : values) sum += std::pow(value, power);
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_SUITE("sim/execute/data/initial_weights") {
  TEST_CASE("weights are normal with mean 0 and variance 2 / inputs, within four standard errors") {
    for (const int inputs : {8, 128, 512}) {
      CAPTURE(inputs);
      const int outputs = 131072 / inputs;
      OwnedLayer<double> layer = drawn<double>(42, 3, inputs, outputs);
      std::vector<double> standardised = layer.weight.values();
      for (double& value : standardised) value /= std::sqrt(2.0 / inputs);
      // Of n standard normal numbers, the standard errors of the first four moments.
      const double n = 131072;
      CHECK(std::abs(moment(standardised, 1)) <= 4 * std::sqrt(1 / n));
      CHECK(std::abs(moment(standardised, 2) - 1) <= 4 * std::sqrt(2 / n));
      CHECK(std::abs(moment(standardised, 3)) <= 4 * std::sqrt(15 / n));
      CHECK(std::abs(moment(standardised, 4) - 3) <= 4 * std::sqrt(96 / n));
    }
  }

  TEST_CASE_TEMPLATE("biases are 0", T, float, double) {
    CHECK(drawn<T>(42, 0, 16, 33).bias.values() == std::vector<T>(33, 0));
  }

  TEST_CASE("weights in float are those in double, rounded") {
    std::vector<float> rounded;
    for (const double weight : drawn<double>(42, 1, 64, 70).weight.values()) {
      rounded.push_back(static_cast<float>(weight));
    }
    CHECK(drawn<float>(42, 1, 64, 70).weight.values() == rounded);
  }

  TEST_CASE("a layer's weights do not depend on which other layers are drawn") {
    const std::vector<double> alone = drawn<double>(42, 2, 16, 33).weight.values();
    drawn<double>(42, 0, 5, 3);
    drawn<double>(42, 1, 3, 16);
    CHECK(drawn<double>(42, 2, 16, 33).weight.values() == alone);
  }

  TEST_CASE("another seed, or another layer, shares no weight") {
    const std::vector<double> weights = drawn<double>(42, 0, 16, 33).weight.values();
    const std::vector<double> other_seed = drawn<double>(43, 0, 16, 33).weight.values();
    const std::vector<double> other_layer = drawn<double>(42, 1, 16, 33).weight.values();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      CHECK(weights[i] != other_seed[i]);
      CHECK(weights[i] != other_layer[i]);
    }
  }

  TEST_CASE("the first weights of seed 42, the same on every platform") {
    CHECK(drawn<double>(42, 0, 2, 2).weight.values() ==
          std::vector<double>{0x1.b9ef859537d82p-1, 0x1.0627df0956443p-1, -0x1.28b1c6daff121p+1,
                              -0x1.f9406e9b0abfap-1});
  }
}

}  // namespace pipesim

#include <doctest/doctest.h>

#include <cmath>

#include "sim/kernels/activation.hpp"
#include "sim/kernels/linear.hpp"
#include "sim/kernels/loss.hpp"
#include "support/models/tensor.hpp"

namespace pipesim {

namespace {

using test::OwnedLayer;
using test::random_layer;
using test::random_tensor;
using test::relative_error;
using test::Tensor;

constexpr int samples = 6, inputs = 5, hidden = 7, outputs = 3;

// x -> linear -> activation -> linear -> mean squared error, all in double.
struct TwoLayers {
  Activation activation = Activation::linear;
  Tensor<double> x = random_tensor<double>(samples, inputs, 1);
  Tensor<double> target = random_tensor<double>(samples, outputs, 2);
  OwnedLayer<double> first = random_layer<double>(inputs, hidden, 3);
  OwnedLayer<double> second = random_layer<double>(hidden, outputs, 4);
  Tensor<double> z{samples, hidden}, a{samples, hidden}, y{samples, outputs};

  double loss() {
    linear_forward<double>(x, first.view(), z);
    a = z;
    activate<double>(activation, a);
    linear_forward<double>(a, second.view(), y);
    return squared_error<double>(y, target) / (samples * outputs);
  }
};

struct Gradients {
  OwnedLayer<double> first{inputs, hidden}, second{hidden, outputs};
  Tensor<double> x{samples, inputs};
};

Gradients gradients(TwoLayers& network) {
  network.loss();
  Gradients result;
  Tensor<double> dy(samples, outputs), da(samples, hidden);
  squared_error_backward<double>(network.y, network.target, samples * outputs, dy);
  linear_backward_weight<double>(network.a, dy, 1, 1, result.second.view());
  linear_backward_input<double>(dy, network.second.weight, da);
  activation_backward<double>(network.activation, network.a, da, da);
  linear_backward_weight<double>(network.x, da, 1, 1, result.first.view());
  linear_backward_input<double>(da, network.first.weight, result.x);
  return result;
}

// How the loss changes with each of `values`, by central differences.
std::vector<double> differences(TwoLayers& network, std::span<double> values) {
  const double h = 1e-5;
  std::vector<double> slopes;
  for (double& value : values) {
    const double at = value;
    value = at + h;
    const double above = network.loss();
    value = at - h;
    const double below = network.loss();
    value = at;
    slopes.push_back((above - below) / (2 * h));
  }
  return slopes;
}

void check_gradient(TwoLayers& network, std::span<double> gradient, std::span<double> values) {
  std::vector<double> expected = differences(network, values);
  CHECK(relative_error(gradient, std::span(expected)) <= 1e-8);
}

}  // namespace

TEST_SUITE("sim/kernels") {
  TEST_CASE("the kernels' gradients are how the loss of a network changes, for each activation") {
    for (const Activation activation : {Activation::relu, Activation::tanh, Activation::linear}) {
      CAPTURE(static_cast<int>(activation));
      TwoLayers network{.activation = activation};
      Gradients gradient = gradients(network);
      if (activation == Activation::relu) {
        // No step of the differences crosses the kink.
        for (const double z : network.z.all()) REQUIRE(std::abs(z) > 1e-3);
      }
      check_gradient(network, gradient.first.weight.all(), network.first.weight.all());
      check_gradient(network, gradient.first.bias.all(), network.first.bias.all());
      check_gradient(network, gradient.second.weight.all(), network.second.weight.all());
      check_gradient(network, gradient.second.bias.all(), network.second.bias.all());
      check_gradient(network, gradient.x.all(), network.x.all());
    }
  }
}

}  // namespace pipesim

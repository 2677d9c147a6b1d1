#include "models/network/convolutional_layer.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

constexpr FeatureMaps maps{.channels = 6, .side = 4};  // 96 elements, 384 bytes in fp32

void check(const std::vector<Operator>& operators, const std::vector<Operator>& expected) {
  REQUIRE(operators.size() == expected.size());
  for (std::size_t i = 0; i < operators.size(); ++i) {
    CAPTURE(i);
    CHECK(operators[i].flops == expected[i].flops);
    CHECK(operators[i].bytes == expected[i].bytes);
    CHECK(operators[i].fixed_bytes == expected[i].fixed_bytes);
    CHECK(operators[i].seconds == 0);
  }
}

}  // namespace

TEST_SUITE("models/network/convolutional_layer") {
  TEST_CASE("a convolution multiplies as often in each of its three products, and keeps nothing") {
    ConvolutionalLayer layer(Precision::fp32);
    const FeatureMaps out = layer.convolution(maps, 10, 9, 2);
    CHECK(out.channels == 10);
    CHECK(out.side == 2);
    const Layer done = layer.finish("conv", out.elements());
    const double flops = 2.0 * (6 * 10 * 9) * (2 * 2);
    const double bytes = (96 + 40) * 4;
    check(done.forward, {{.flops = flops, .bytes = bytes, .fixed_bytes = 540 * 4}});
    check(done.backward_input, {{.flops = flops, .bytes = bytes, .fixed_bytes = 540 * 4}});
    check(done.backward_weight, {{.flops = flops, .bytes = bytes, .fixed_bytes = 2 * 540 * 4}});
    CHECK(done.parameter_bytes == 540 * 4);
    CHECK(done.output_bytes == 40 * 4);
    CHECK(done.stash_bytes == 0);
  }

  TEST_CASE("a relu keeps what it made, a batch norm what it got and has two weights a channel") {
    ConvolutionalLayer layer(Precision::fp32);
    layer.batch_norm(layer.relu(maps));
    const Layer done = layer.finish("pair", maps.elements());
    check(done.forward, {{.bytes = 2 * 384}, {.bytes = 3 * 384}});
    check(done.backward_input, {{.bytes = 3 * 384}, {.bytes = 5 * 384}});
    CHECK(done.backward_weight.empty());
    CHECK(done.parameter_bytes == 2 * 6 * 4);
    CHECK(done.stash_bytes == 2 * 384);
  }

  TEST_CASE("pools read one map and write the other: a max-pool keeps where the largest stood") {
    ConvolutionalLayer layer(Precision::fp16);
    CHECK(layer.average_pool(maps, 1).side == 4);
    CHECK(layer.max_pool(maps, 2).side == 2);
    const Layer done = layer.finish("pools", maps.elements());
    const std::vector<Operator> both = {{.bytes = 2 * 192}, {.bytes = 192 + 48 + 24 * 8}};
    check(done.forward, both);
    check(done.backward_input, both);
    CHECK(done.stash_bytes == 24 * 8);
  }

  TEST_CASE("a sum hands its gradient on as it is, a concatenation and a padding copy it") {
    ConvolutionalLayer layer(Precision::fp32);
    layer.add(maps);
    layer.concatenate(maps);
    layer.pad(maps);
    const Layer done = layer.finish("copies", maps.elements());
    check(done.forward, {{.bytes = 3 * 384}, {.bytes = 2 * 384}, {.bytes = 2 * 384}});
    check(done.backward_input, {{.bytes = 2 * 384}, {.bytes = 2 * 384}});
    CHECK(done.stash_bytes == 384);
  }

  TEST_CASE("a tensor used n times sums up n gradients in n - 1 additions") {
    for (const int uses : {0, 1, 2, 5}) {
      CAPTURE(uses);
      ConvolutionalLayer layer(Precision::fp32);
      layer.sum_gradients(maps, uses);
      const Layer done = layer.finish("uses", 0);
      CHECK(done.forward.empty());
      check(done.backward_input,
            std::vector<Operator>(static_cast<std::size_t>(std::max(0, uses - 1)),
                                  {.bytes = 3 * 384}));
    }
  }

  TEST_CASE("a classifier averages each channel, multiplies, and has a bias") {
    ConvolutionalLayer layer(Precision::fp32);
    layer.average_all(maps);
    layer.linear(6, 5);
    const Layer done = layer.finish("classify", 5);
    check(done.forward, {{.bytes = (96 + 6) * 4},
                         {.flops = 2 * 30, .bytes = (6 + 5) * 4, .fixed_bytes = 30 * 4}});
    CHECK(done.parameter_bytes == (30 + 5) * 4);
    CHECK(done.stash_bytes == 6 * 4);
  }

  TEST_CASE("no gradient is computed for a sample") {
    ConvolutionalLayer layer(Precision::fp32, false);
    layer.batch_norm(layer.convolution(layer.relu(maps), 6, 1));
    const Layer done = layer.finish("first", maps.elements());
    check(done.backward_input, {{.bytes = 5 * 384}});
    CHECK(done.backward_weight.size() == 1);
  }
}

}  // namespace pipesim

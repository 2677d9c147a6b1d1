#include "models/cost/cost_model.hpp"

#include <doctest/doctest.h>

#include "models/network/mlp.hpp"
#include "support/schedules/peak_bytes.hpp"

namespace pipesim {

namespace {

// 1 TFLOP/s, 1 GB/s and no overhead: an operation takes 1 ps, a byte 1 ns.
Device plain_device() {
  Device device{.name = "plain", .memory_bandwidth = 1e9};
  device.flops.fill(1e12);
  return device;
}

const Source source{.file = "c.json"};

Training with_optimizer(Optimizer optimizer) {
  return {.optimizer = optimizer};
}

Network one_layer(Bytes parameter_bytes) {
  return {.layers = {{.parameter_bytes = parameter_bytes}}};
}

std::vector<LayerTime> times_of(const Network& network, const Device& device,
                                const Training& training) {
  return layer_times(network, {.device = device, .training = training, .source = source});
}

Time operator_time(const Operator& op, const Device& device, const Training& training) {
  const LayerSite site{.device = device, .training = training, .source = source};
  return to_time(operator_seconds(op, site, training.micro_batch_size));
}

StageCost cost_of(const Network& network, const Training& training, const Device& device) {
  const auto times = times_of(network, device, training);
  return LayerTotals(network, times, training, device).cost(0, network.layers.size());
}

}  // namespace

TEST_SUITE("models/cost/cost_model") {
  TEST_CASE("an operator with many operations for its bytes takes operations / peak rate") {
    const Operator op{.flops = 5e6, .bytes = 10, .fixed_bytes = 20};
    CHECK(operator_time(op, plain_device(), {.micro_batch_size = 3}) == 15_us);
  }

  TEST_CASE("an operator with many bytes for its operations takes bytes / memory bandwidth") {
    const Operator op{.flops = 5, .bytes = 10, .fixed_bytes = 20};
    CHECK(operator_time(op, plain_device(), {.micro_batch_size = 3}) == 50_ns);
  }

  TEST_CASE("the launch overhead comes on top of either") {
    Device device = plain_device();
    device.launch_overhead = 7e-6;
    CHECK(operator_time({.flops = 5e6}, device, {}) == 12_us);
    CHECK(operator_time({.bytes = 50}, device, {}) == 7050_ns);
  }

  TEST_CASE("a measured time counts instead, for every sample, and needs no figure of the device") {
    const Operator op{.flops = 5e6, .bytes = 10, .seconds = 2e-9};
    CHECK(operator_time(op, {}, {.micro_batch_size = 3}) == 6_ns);
  }

  TEST_CASE("an operator that does nothing is not launched") {
    Device device = plain_device();
    device.launch_overhead = 7e-6;
    CHECK(operator_time({}, device, {}) == 0_ps);
  }

  TEST_CASE("the rate is that of the training's precision") {
    Device device = plain_device();
    device.flops = {1e12, 2e12, 4e12, 8e12};
    const auto time = [&](Precision precision) {
      return operator_time({.flops = 8e6}, device, {.precision = precision});
    };
    CHECK(time(Precision::fp64) == 8_us);
    CHECK(time(Precision::fp32) == 4_us);
    CHECK(time(Precision::fp16) == 2_us);
    CHECK(time(Precision::bf16) == 1_us);
  }

  TEST_CASE("a device that states no rate, or no bandwidth, is refused when it is needed") {
    Device device = plain_device();
    device.flops[static_cast<std::size_t>(Precision::bf16)].reset();
    CHECK_THROWS_WITH_AS(
        operator_time({.flops = 1}, device, {.precision = Precision::bf16}),
        "c.json: /cluster/device: states no bf16 rate, which the model's times need, got "
        "\"plain\"\n"
        "  hint: give the device as an object with \"flops\", or choose another device or "
        "training.precision",
        InputError);
    device = plain_device();
    device.memory_bandwidth.reset();
    CHECK_THROWS_WITH_AS(
        operator_time({.flops = 1}, device, {}),
        "c.json: /cluster/device: states no memory bandwidth, which the model's times need, got "
        "\"plain\"\n  hint: give the device as an object with \"memory_bandwidth\", or choose "
        "another "
        "device or training.precision",
        InputError);
  }

  TEST_CASE("the times of a small perceptron, by hand") {
    // Widths 3, 5, 2 in fp32, two samples: every operator is bound by its bytes, 1 ns each.
    const Network network = mlp_network({.layer_sizes = {3, 5, 2}}, Precision::fp32);
    const auto times = times_of(network, plain_device(), {.micro_batch_size = 2});
    REQUIRE(times.size() == 2);
    CHECK(times[0].forward == (2 * 32 + 80 + 2 * 40) * 1_ns);
    CHECK(times[0].backward_input == 2 * 60 * 1_ns);
    CHECK(times[0].backward_weight == (2 * 32 + 160) * 1_ns);
    CHECK(times[1].forward == (2 * 28 + 48) * 1_ns);
    CHECK(times[1].backward_input == (2 * 24 + 2 * 28 + 40) * 1_ns);
    CHECK(times[1].backward_weight == (2 * 28 + 96) * 1_ns);
  }

  TEST_CASE("a stage sums its layers: its stash is its input and each layer's output") {
    const Network network = mlp_network({.layer_sizes = {3, 5, 4, 2}}, Precision::fp32);
    const Training training{.micro_batch_size = 2};
    const auto times = times_of(network, plain_device(), training);
    const Device device = plain_device();
    const LayerTotals coster(network, times, training, device);
    const StageCost cost = coster.cost(0, 3);
    CHECK(cost.forward == times[0].forward + times[1].forward + times[2].forward);
    CHECK(cost.backward_input ==
          times[0].backward_input + times[1].backward_input + times[2].backward_input);
    CHECK(cost.backward_weight ==
          times[0].backward_weight + times[1].backward_weight + times[2].backward_weight);
    CHECK(cost.backward == cost.backward_input + cost.backward_weight);
    CHECK(cost.recompute == cost.forward);
    CHECK(cost.boundary == 2 * 3 * 4);
    CHECK(cost.output == 2 * 2 * 4);
    CHECK(cost.stash == 2 * (3 + 5 + 4 + 2) * 4);
    CHECK(cost.weight_stash == cost.stash + 2 * (5 + 4) * 4);  // The gradients between the layers.
    CHECK(cost.workspace == 2 * 2 * 5 * 4);  // Two buffers as wide as the widest between layers.
    CHECK(cost.weights == ((3 * 5 + 5) + (5 * 4 + 4) + (4 * 2 + 2)) * 4);
    CHECK(cost.gradients == cost.weights);

    const StageCost middle = coster.cost(1, 2);
    CHECK(middle.boundary == 2 * 5 * 4);
    CHECK(middle.output == 2 * 4 * 4);
    CHECK(middle.stash == 2 * (5 + 4) * 4);
    CHECK(middle.workspace == 0);
  }

  TEST_CASE("the last stage holds a tied embedding's weights once more, unless it has the first") {
    const Network network{
        .layers = {{.parameter_bytes = 400}, {.parameter_bytes = 20}, {.parameter_bytes = 8}},
        .shared_embedding_bytes = 300};
    const Training training;
    const Device device = plain_device();
    const auto times = times_of(network, device, training);
    const LayerTotals coster(network, times, training, device);
    CHECK(coster.cost(0, 3).weights == 428);
    CHECK(coster.cost(0, 1).weights == 400);
    CHECK(coster.cost(1, 2).weights == 20);
    CHECK(coster.cost(1, 3).weights == 328);
    CHECK(coster.cost(2, 3).gradients == 308);
    CHECK(coster.cost(2, 3).summed_gradients == 308);
  }

  TEST_CASE("a deferred W is the whole mini-batch's, by hand, and updates the weights") {
    // Widths 3, 5, 4, 2 in fp32, six samples in three micro-batches, bound by their bytes.
    const Network network = mlp_network({.layer_sizes = {3, 5, 4, 2}}, Precision::fp32);
    const auto cost_with = [&](Optimizer optimizer, bool deferred) {
      return cost_of(network,
                     {.batch_size = 6,
                      .micro_batch_size = 2,
                      .micro_batches = 3,
                      .optimizer = optimizer,
                      .deferred_weight_gradient = deferred},
                     plain_device());
    };
    const Time product = (6 * (32 + 36 + 24) + 160 + 192 + 80) * 1_ns;
    for (const Optimizer optimizer :
         {Optimizer::sgd, Optimizer::momentum, Optimizer::adam, Optimizer::rmsprop}) {
      const StageCost deferred = cost_with(optimizer, true);
      const StageCost accumulated = cost_with(optimizer, false);
      StageCost expected = accumulated;
      expected.backward_weight =
          product + (optimizer == Optimizer::sgd ? Time{} : accumulated.optimizer);
      expected.optimizer = {};
      expected.gradients = 0;
      expected.deferred_micro_batches = 3;
      const bool keeps_gradient = optimizer == Optimizer::sgd || optimizer == Optimizer::momentum;
      expected.update_workspace = keeps_gradient ? 0 : (5 * 4 + 4) * 4;  // The largest layer.
      CHECK(deferred == expected);
    }
  }

  TEST_CASE("a deferred gradient takes no part of the bytes per parameter") {
    const StageCost cost = cost_of(
        one_layer(400),
        {.optimizer = Optimizer::adam, .bytes_per_parameter = 18, .deferred_weight_gradient = true},
        plain_device());
    CHECK(cost.weights == 400);
    CHECK(cost.gradients == 0);
    CHECK(cost.optimizer_state == 1400);
  }

  TEST_CASE("what a stage computes in a step is M (F + I) + W where W is deferred, else F + B") {
    const Network network = mlp_network({.layer_sizes = {3, 5, 4, 2}}, Precision::fp32);
    const Device device = plain_device();
    Training training{
        .batch_size = 6, .micro_batch_size = 2, .micro_batches = 3, .optimizer = Optimizer::adam};
    for (const bool deferred : {false, true}) {
      training.deferred_weight_gradient = deferred;
      const auto times = times_of(network, device, training);
      const LayerTotals coster(network, times, training, device);
      const StageCost cost = coster.cost(1, 3);
      CHECK(coster.compute_time(1, 3, false) ==
            (deferred ? 3 * (cost.forward + cost.backward_input) + cost.backward_weight
                      : cost.forward + cost.backward));
    }
  }

  TEST_CASE("an optimizer keeps 0, 1, 2 or 1 values a weight and moves 3, 5, 7 or 5") {
    Device device = plain_device();
    device.launch_overhead = 1e-6;
    struct Expected {
      Optimizer optimizer;
      Bytes state;
      Time time;
    };
    for (const auto& [optimizer, state, time] :
         {Expected{Optimizer::sgd, 0, 4_us}, Expected{Optimizer::momentum, 1000, 6_us},
          Expected{Optimizer::adam, 2000, 8_us}, Expected{Optimizer::rmsprop, 1000, 6_us}}) {
      const StageCost cost = cost_of(one_layer(1000), with_optimizer(optimizer), device);
      CHECK(cost.weights == 1000);
      CHECK(cost.gradients == 1000);
      CHECK(cost.optimizer_state == state);
      CHECK(cost.static_bytes() == 2000 + state);
      CHECK(cost.optimizer == time);
    }
  }

  TEST_CASE("without weights, or a memory bandwidth, an update takes no time") {
    CHECK(cost_of(one_layer(0), {}, plain_device()).optimizer == 0_ps);
    Device device = plain_device();
    device.memory_bandwidth.reset();
    CHECK(cost_of(one_layer(1000), {}, device).optimizer == 0_ps);
  }

  TEST_CASE("bytes_per_parameter is shared out to the weight, the gradient, then the optimizer") {
    const auto cost = [](double bytes_per_parameter) {  // 100 parameters of 4 bytes.
      return cost_of(one_layer(400),
                     {.optimizer = Optimizer::adam, .bytes_per_parameter = bytes_per_parameter},
                     plain_device());
    };
    CHECK(cost(18).weights == 400);
    CHECK(cost(18).gradients == 400);
    CHECK(cost(18).optimizer_state == 1000);
    CHECK(cost(6).weights == 400);
    CHECK(cost(6).gradients == 200);
    CHECK(cost(6).optimizer_state == 0);
    CHECK(cost(1.5).weights == 150);
    CHECK(cost(1.5).static_bytes() == 150);
    CHECK(cost(0).static_bytes() == 0);
  }

  TEST_CASE("a stage's peak is its static bytes, what it keeps, and one backward's needs") {
    const StageCost cost{.weights = 1000,
                         .gradients = 100,
                         .optimizer_state = 10,
                         .stash = 7,
                         .boundary = 3,
                         .output = 20,
                         .workspace = 400};
    CHECK(test::peak_bytes(cost, {.inputs = 4, .interiors = 4}, false) ==
          1110 + 4 * 7 + 20 + 3 + 400);
    CHECK(test::peak_bytes(cost, {.inputs = 4, .interiors = 1}, false) ==
          1110 + 4 * 3 + 4 + 20 + 3 + 400);
    CHECK(test::peak_bytes(cost, {.inputs = 4, .interiors = 1}, true) ==
          1110 + 4 * 3 + 4 + 20 + 400);
  }

  TEST_CASE("totals that cannot be held are the limit, not an overflow") {
    const Network huge{.layers = {{.parameter_bytes = bytes_limit - 1,
                                   .stash_bytes = bytes_limit - 1,
                                   .output_bytes = bytes_limit - 1},
                                  {.parameter_bytes = bytes_limit - 1,
                                   .stash_bytes = bytes_limit - 1,
                                   .output_bytes = bytes_limit - 1}}};
    const StageCost cost =
        cost_of(huge, {.micro_batch_size = 1000, .optimizer = Optimizer::adam}, plain_device());
    CHECK(cost.static_bytes() == bytes_limit);
    CHECK(cost.stash == bytes_limit);
    CHECK(cost.output == bytes_limit);
    CHECK(cost.workspace == bytes_limit);
    CHECK(test::peak_bytes(cost, {.inputs = 9, .interiors = 9}, false) == bytes_limit);
  }
}

}  // namespace pipesim

#include "models/cost/static_bytes.hpp"

#include <doctest/doctest.h>

namespace pipesim {

namespace {

Training mixed(Precision gradient, int zero_stage, int replicas) {
  Training training{.data_parallel = replicas,
                    .optimizer = Optimizer::adam,
                    .precision = Precision::bf16,
                    .gradient_precision = gradient};
  training.parallel.zero_stage = zero_stage;
  return training;
}

StageCost cost_of(StageWeights weights, const Training& training) {
  StageCost cost;
  set_static_bytes(weights, training, cost);
  return cost;
}

constexpr Bytes parameters = 1200;
constexpr StageWeights all_dense{.dense = 2 * parameters};

}  // namespace

TEST_SUITE("models/cost/static_bytes") {
  TEST_CASE("mixed precision with Adam takes 16 bytes a parameter, or 18 with gradients in fp32") {
    const StageCost half = cost_of(all_dense, mixed(Precision::bf16, 0, 1));
    CHECK(half.weights == 2 * parameters);
    CHECK(half.gradients == 2 * parameters);
    CHECK(half.optimizer_state == 12 * parameters);
    CHECK(half.summed_gradients == 2 * parameters);
    CHECK(half.gathered_weights == 2 * parameters);
    const StageCost wide = cost_of(all_dense, mixed(Precision::fp32, 0, 1));
    CHECK(wide.gradients == 4 * parameters);
    CHECK(wide.static_bytes() == 18 * parameters);
  }

  TEST_CASE("one precision needs no master copy") {
    Training training{.optimizer = Optimizer::adam};
    CHECK(cost_of({.dense = 4 * parameters}, training).static_bytes() == 16 * parameters);
    training.optimizer = Optimizer::sgd;
    CHECK(cost_of({.dense = 4 * parameters}, training).optimizer_state == 0);
    training.precision = Precision::bf16;  // The master copy alone.
    CHECK(cost_of(all_dense, training).optimizer_state == 4 * parameters);
  }

  TEST_CASE("ZeRO divides states, then gradients, then weights among the replicas") {
    // Of n parameters on r replicas: 16 n, 4 n + 12 n / r, 2 n + 14 n / r, 16 n / r.
    const auto held = [](int zero_stage, int replicas) {
      return cost_of(all_dense, mixed(Precision::bf16, zero_stage, replicas)).static_bytes();
    };
    for (const int r : {1, 2, 3, 4, 8, 100}) {
      CHECK(held(0, r) == 16 * parameters);
      CHECK(held(1, r) == 4 * parameters + 12 * parameters / r);
      CHECK(held(2, r) == 2 * parameters + 14 * parameters / r);
      CHECK(held(3, r) == 16 * parameters / r);
    }
    // Parts that are not whole are padded.
    CHECK(held(3, 7) == 2 * 343 + 2058);
  }

  TEST_CASE("devices that share a sequence are replicas, too") {
    Training training = mixed(Precision::bf16, 3, 2);
    training.parallel.context = 3;
    CHECK(cost_of(all_dense, training).static_bytes() == 16 * parameters / 6);
  }

  TEST_CASE("bytes that are said to be taken for each parameter are divided the same way") {
    Training training = mixed(Precision::bf16, 1, 4);
    training.bytes_per_parameter = 18;
    const StageCost cost = cost_of(all_dense, training);
    CHECK(cost.weights == 2 * parameters);
    CHECK(cost.gradients == 2 * parameters);
    CHECK(cost.optimizer_state == 14 * parameters / 4);
    training.bytes_per_parameter = 3;
    const StageCost little = cost_of(all_dense, training);
    CHECK(little.weights == 2 * parameters);
    CHECK(little.gradients == parameters);
    CHECK(little.optimizer_state == 0);
  }

  TEST_CASE("an update moves 28 bytes a parameter in fp32, 66 or 70 in mixed precision") {
    const Device device{.memory_bandwidth = 1e6};
    const auto updated = [&](const Training& training, Bytes element) {
      return optimizer_time({.dense = element * parameters}, training, device);
    };
    const auto moved = [](double bytes) { return to_time(bytes * parameters / 1e6); };
    Training training{.optimizer = Optimizer::adam};
    CHECK(updated(training, 4) == moved(28));
    training.optimizer = Optimizer::momentum;
    CHECK(updated(training, 4) == moved(20));
    training.optimizer = Optimizer::sgd;
    CHECK(updated(training, 4) == moved(12));
    CHECK(updated(mixed(Precision::bf16, 0, 1), 2) == moved(66));
    CHECK(updated(mixed(Precision::fp32, 0, 1), 2) == moved(70));
  }

  TEST_CASE("from ZeRO stage 1 on each replica updates its part") {
    const Device device{.memory_bandwidth = 1e6};
    const auto updated = [&](int zero_stage) {
      return optimizer_time(all_dense, mixed(Precision::bf16, zero_stage, 4), device);
    };
    CHECK(updated(0) == to_time(66 * parameters / 1e6));
    for (const int stage : {1, 2, 3}) CHECK(updated(stage) == to_time(66 * 300 / 1e6));
  }

  TEST_CASE("an update takes the curve of what memory bounds, or the launch overhead") {
    Device device{.memory_bandwidth = 1e6, .launch_overhead = 0.5};
    const Training training{};
    const auto updated = [&] {
      return optimizer_time({.dense = 4 * parameters}, training, device, 2);
    };
    CHECK(updated() == to_time(2 * (12 * parameters / 1e6 + 0.5)));
    device.efficiency = DeviceEfficiency{.elementwise = {.memory = 0.5, .overhead = 0.25}};
    CHECK(updated() == to_time(2 * (12 * parameters / 0.5e6 + 0.25)));
    CHECK(optimizer_time({}, training, device) == Time{});
    device.memory_bandwidth.reset();
    CHECK(updated() == Time{});
  }

  TEST_CASE("sizes near the limit stop there") {
    const StageCost cost = cost_of({.dense = bytes_limit - 1}, mixed(Precision::fp32, 3, 1 << 20));
    CHECK(cost.optimizer_state <= bytes_limit);
    CHECK(cost.weights == (bytes_limit - 1 + (1 << 20) - 1) / (1 << 20));
    CHECK(cost_of({.dense = bytes_limit}, mixed(Precision::fp32, 0, 1)).static_bytes() ==
          bytes_limit);
  }
}

}  // namespace pipesim

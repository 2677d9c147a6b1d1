#include "models/device/b200.hpp"

#include <doctest/doctest.h>

#include "models/cost/layer_time.hpp"

namespace pipesim {

namespace {

// On bf16, a sample.
double time_of(const Operator& op) {
  const Device device = b200();
  const Training training{.precision = Precision::bf16};
  const Source source{.file = "t.json"};
  return operator_seconds(op, {.device = device, .training = training, .source = source}, 1);
}

}  // namespace

TEST_SUITE("models/device/b200") {
  TEST_CASE("products of many experts in one kernel take what each adds beside its work") {
    const Operator many{.kernel = Kernel::grouped_product, .products = 20};
    Operator working = many;
    working.flops = 2250e12;
    CHECK(time_of(working) == doctest::Approx(1 / (0.536 * 0.935) + 20 * 2.1e-6).epsilon(1e-12));
    working.products = 1;
    CHECK(time_of(working) == doctest::Approx(1 / (0.536 * 0.935) + 2.1e-6).epsilon(1e-12));
  }

  TEST_CASE("attention with wide keys reaches two thirds of what it does with equal heads") {
    const auto rate = [](Kernel kernel) {
      return 1 / (time_of({.flops = 2250e12, .kernel = kernel}) - 45e-6);
    };
    CHECK(rate(Kernel::latent_attention) / rate(Kernel::fused_attention) ==
          doctest::Approx(0.69 / 1.008));
    CHECK(rate(Kernel::latent_attention_gradient) / rate(Kernel::fused_attention_gradient) ==
          doctest::Approx(0.655 / 0.831));
  }

  TEST_CASE("on a device that says nothing of it, latent attention is as other fused attention") {
    DeviceEfficiency efficiency{.fused_attention = {.compute = 0.5},
                                .fused_attention_gradient = {.compute = 0.4}};
    CHECK(efficiency.of(Kernel::latent_attention).compute == 0.5);
    CHECK(efficiency.of(Kernel::latent_attention_gradient).compute == 0.4);
  }
}

}  // namespace pipesim

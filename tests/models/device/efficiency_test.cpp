#include "models/device/efficiency.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/refusal.hpp"

namespace pipesim {

namespace {

DeviceEfficiency efficiency(std::string_view json) {
  return read_efficiency(Field(parse_document(json, "d.json")));
}

std::string refused(std::string_view json) {
  return test::refusal_of([&] { static_cast<void>(efficiency(json)); });
}

}  // namespace

TEST_SUITE("models/device/efficiency") {
  TEST_CASE("what is left out reaches the data sheet") {
    const DeviceEfficiency plain = efficiency("{}");
    for (const Kernel kernel :
         {Kernel::forward, Kernel::grouped_product, Kernel::attention, Kernel::fused_attention,
          Kernel::fused_attention_gradient, Kernel::latent_attention,
          Kernel::latent_attention_gradient, Kernel::other}) {
      CHECK(plain.of(kernel).compute == 1);
      CHECK(plain.of(kernel).memory == 1);
      CHECK(plain.of(kernel).overhead == 0);
    }
    CHECK(plain.hidden_communication == 0);
  }

  TEST_CASE("every kind of kernel has a curve of its own: all products of weights share one") {
    const std::vector<std::pair<std::string, std::vector<Kernel>>> kinds = {
        {"product", {Kernel::forward, Kernel::input_gradient, Kernel::weight_gradient}},
        {"grouped_product", {Kernel::grouped_product}},
        {"attention", {Kernel::attention}},
        {"fused_attention", {Kernel::fused_attention, Kernel::latent_attention}},
        {"fused_attention_gradient",
         {Kernel::fused_attention_gradient, Kernel::latent_attention_gradient}},
        {"latent_attention", {Kernel::latent_attention}},
        {"latent_attention_gradient", {Kernel::latent_attention_gradient}},
        {"elementwise", {Kernel::other}}};
    for (const auto& [name, kernels] : kinds) {
      CAPTURE(name);
      const DeviceEfficiency one = efficiency(
          fmt::format(R"({{"{}": {{"compute": 0.5, "memory": 2, "overhead": "3 us"}}}})", name));
      int curves = 0;
      for (int k = 0; k < static_cast<int>(Kernel::collective); ++k) {
        if (one.of(static_cast<Kernel>(k)).compute == 0.5) ++curves;
      }
      CHECK(curves == static_cast<int>(kernels.size()));
      for (const Kernel kernel : kernels) {
        CHECK(one.of(kernel).compute == 0.5);
        CHECK(one.of(kernel).memory == 2);
        CHECK(one.of(kernel).overhead == doctest::Approx(3e-6));
      }
    }
  }

  TEST_CASE("parts and keys beyond their range are refused") {
    CHECK(refused(R"({"product": {"compute": 0}})") ==
          "d.json: /product/compute: must be a number from 1e-06 to 1000, got 0\n"
          "  hint: choose one in that range");
    CHECK(refused(R"({"product": {"memory": 1001}})") ==
          "d.json: /product/memory: must be a number from 1e-06 to 1000, got 1001\n"
          "  hint: choose one in that range");
    CHECK(refused(R"({"hidden_communication": 1.5})") ==
          "d.json: /hidden_communication: must be a number from 0 to 1, got 1.5\n"
          "  hint: choose one in that range");
    CHECK(refused(R"({"product": 0.5})") ==
          "d.json: /product: must be an object, got 0.5\n"
          "  hint: write an object here; this is a number");
    CHECK(refused(R"({"product": {"overhead": -1}})") ==
          "d.json: /product/overhead: must not be negative, got -1\n"
          "  hint: a duration is 0 or longer");
    CHECK(refused(R"({"attnetion": {}})") ==
          "d.json: /attnetion: is not a known key, got {}\n  hint: did you mean \"attention\"? "
          "known here: hidden_communication, latent_attention, latent_attention_gradient, "
          "product, grouped_product, attention, fused_attention, fused_attention_gradient, "
          "elementwise");
  }
}

}  // namespace pipesim

#include "models/device/b200.hpp"

namespace pipesim {

namespace {

// Fitted on SimuMax's measurements of single kernels on a B200 (github.com/MooreThreads/SimuMax,
// system file b200_bf16_ceperm: 432 products, 60 of grouped experts, 64 of attention), by least
// squares of relative errors that are weighted by the time measured. Without the weight short
// kernels decide, which run at a higher clock than a card at its power limit can hold: the table's
// time in all would then be 8 % short. Errors weighted by time, fitted on one half and taken on the
// other: products 3.9 %, grouped 7.6 %. On all that they are fitted on: attention 2.4 % forward and
// 1.1 % backward, latent 2.0 % and 0.2 %.
//
// Whole steps keep the card at that limit for seconds. `sustained` is what is left of the rates of
// single kernels then, fitted on the step times of its 22 rows in simumax_b200.csv, as is
// `hidden_communication`.
constexpr double sustained = 0.935;

constexpr double launch = 5e-6;            // Of a product or element-wise kernel.
constexpr double attention_fixed = 45e-6;  // What short sequences take at least.

constexpr DeviceEfficiency b200_efficiency = {
    .product = {.compute = 0.484 * sustained, .memory = 1 / 0.255, .overhead = launch},
    // Overhead of each expert.
    .grouped_product = {.compute = 0.536 * sustained, .memory = 1 / 1.052, .overhead = 2.1e-6},
    // Not measured; as other products.
    .attention = {.compute = 0.484 * sustained, .memory = 1, .overhead = launch},
    // FLOPs of the full square of scores, of which causal attention computes half: above 1 for a
    // single kernel.
    .fused_attention = {.compute = 1.008 * sustained, .overhead = attention_fixed},
    .fused_attention_gradient = {.compute = 0.831 * sustained, .overhead = attention_fixed},
    .latent_attention = KernelEfficiency{.compute = 0.69 * sustained, .overhead = attention_fixed},
    .latent_attention_gradient =
        KernelEfficiency{.compute = 0.655 * sustained, .overhead = attention_fixed},
    .elementwise = {.memory = 0.666, .overhead = launch},
    .hidden_communication = 0.25,
};

}  // namespace

Device b200() {
  constexpr double T = 1e12;
  return {.name = "b200",
          .memory = Bytes{180} << 30,
          .flops = {37 * T, 75 * T, 2250 * T, 2250 * T},
          .memory_bandwidth = 8000e9,
          .launch_overhead = launch,
          .efficiency = b200_efficiency,
          .source = "NVIDIA HGX B200 data sheet, 2024 (dense rates)"};
}

}  // namespace pipesim

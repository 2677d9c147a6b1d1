#include "sim/assemble/assemble.hpp"
#include "sim/step/replica_exchange.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "models/cluster/collective.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

Experiment experts_on_eight(const std::string& training) {
  return assemble(read_config(parse_document(
      R"({"model": {"kind": "transformer", "num_layers": 2, "hidden_size": 64,
                    "num_attention_heads": 4, "seq_length": 16, "vocab_size": 128,
                    "num_experts": 8, "moe_ffn_hidden_size": 32},
          "cluster": {"device": "b200", "interconnect": {"bandwidth": "1 GB/s", "latency": "1 us"}},
          "pipeline": {"stages": 1, "micro_batches": 1},
          "training": {"precision": "bf16", "optimizer": "adam", "data_parallel": 8,
                       "batch_size": 1, )" +
          training + "}}",
      "t.json", {})));
}

// Over links of 1 GB/s and 1 µs.
Time ring(Collective collective, Bytes bytes, int ranks) {
  const Interconnect link{.bandwidth = 1e9, .latency = 1e-6};
  return to_time(ring_seconds(collective, static_cast<double>(bytes), ranks, link));
}

// One stage of so many bytes on so many replicas; a link moves 1 GB/s and takes 10 µs.
Experiment expert_replicas(int count, int parameter_bytes) {
  return test::experiment_from(fmt::format(R"({{
    "model": {{"kind": "layers", "layers": [{{"forward": "1 ms", "backward": "2 ms",
                                            "parameter_bytes": {}}}]}},
    "cluster": {{"interconnect": {{"bandwidth": "1 GB/s", "latency": "10 us"}}}},
    "pipeline": {{"stages": 1, "micro_batches": 1}},
    "training": {{"batch_size": {}, "data_parallel": {}}}}})",
                                           parameter_bytes, count, count));
}

}  // namespace

TEST_SUITE("sim/step/replica_exchange: experts") {
  TEST_CASE("gradients of experts are summed among the replicas that hold the same ones") {
    const Experiment experiment = experts_on_eight(R"("expert_parallel": 4)");
    const StageCost& cost = experiment.costs.stages[0];
    const Bytes experts = cost.expert_gradients;
    CHECK(experts == 2 * 2 * 2 * 2 * 64 * 32);  // Layers, bytes, experts, matrices.
    CHECK(gradient_sum_time(experiment, 0, 1, true) ==
          ring(Collective::all_reduce, cost.summed_gradients - experts, 8) +
              ring(Collective::all_reduce, experts, 2));
  }

  TEST_CASE("experts that each replica has for itself are not summed") {
    const Experiment experiment = experts_on_eight(R"("expert_parallel": 8, "zero_stage": 1)");
    const StageCost& cost = experiment.costs.stages[0];
    CHECK(gradient_sum_time(experiment, 0, 1, true) ==
          ring(Collective::reduce_scatter, cost.summed_gradients - cost.expert_gradients, 8));
    CHECK(weight_gather_time(experiment, 0) ==
          ring(Collective::all_gather, cost.gathered_weights - cost.expert_weights, 8));
  }

  TEST_CASE("r replicas sum n bytes in 2 (r - 1) steps of n / r bytes, each with one latency") {
    for (const int r : {2, 4, 8}) {
      CAPTURE(r);
      CHECK(gradient_sum_time(expert_replicas(r, 8'000'000), 0, 1, true) ==
            2 * (r - 1) * (8'000 / r * 1'000'000_ps + 10_us));
    }
  }

  TEST_CASE("what has no weights is not summed, and takes no latency") {
    CHECK(gradient_sum_time(expert_replicas(8, 0), 0, 1, true) == Time{});
    CHECK(gradient_sum_time(expert_replicas(1, 8'000'000), 0, 1, true) == Time{});
  }
}

}  // namespace pipesim

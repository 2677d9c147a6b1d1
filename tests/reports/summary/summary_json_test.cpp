#include "reports/summary/summary_json.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "reports/text/json_text.hpp"
#include "sim/step/run.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

using Json = nlohmann::ordered_json;

Json summary(const Experiment& experiment, const std::vector<Advice>& advice = {}) {
  return summary_json(experiment, simulate(experiment), advice);
}

std::string keys_of(const Json& object) {
  std::string keys;
  for (const auto& [key, value] : object.items()) keys += key + " ";
  return keys;
}

constexpr std::string_view small = R"({
  "name": "small",
  "model": {"kind": "stage_costs", "forward": 1, "backward": 2, "stash_bytes": 30,
            "boundary_bytes": 10, "parameter_bytes": 100},
  "pipeline": {"stages": 2, "micro_batches": 2},
  "training": {"batch_size": 4}})";

}  // namespace

TEST_SUITE("reports/summary/summary_json") {
  TEST_CASE("the summary has these keys, in this order") {
    const Json json = summary(test::experiment_from(small));
    CHECK(keys_of(json) ==
          "name command clock schedule stages virtual_stages micro_batches batch_size "
          "data_parallel tensor_parallel context_parallel cp_comm_type expert_parallel "
          "expert_tensor_parallel zero_stage "
          "devices_in_all parameters recompute weight_gradient deadlock pipeline_time_s "
          "step_time_s longest_span_s ideal_time_s forward_s backward_s recompute_s all_reduce_s "
          "optimizer_s samples_per_s model_flops_per_s model_flops_utilization bubble_fraction "
          "bubble_over_ideal span_bubble_fraction bubble_formula bubble_breakdown fits_memory "
          "devices ");
    CHECK(keys_of(json["bubble_breakdown"]) == "fill_drain imbalance communication other ");
    CHECK(keys_of(json["devices"][0]) ==
          "device stages busy_s idle_s bubble_fraction peak_memory_bytes peak_at_s "
          "capacity_bytes static_bytes peak_in_flight ");
  }

  TEST_CASE("the values of a small pipeline, by hand") {
    const Json json = summary(test::experiment_from(small));
    CHECK(json["name"] == "small");
    CHECK(json["command"] == "simulate");
    CHECK(json["clock"] == "modeled");
    CHECK(json["schedule"] == "gpipe");
    CHECK(json["stages"] == 2);
    CHECK(json["virtual_stages"] == 1);
    CHECK(json["micro_batches"] == 2);
    CHECK(json["batch_size"] == 4);
    CHECK(json["data_parallel"] == 1);
    CHECK(json["tensor_parallel"] == 1);
    CHECK(json["context_parallel"] == 1);
    CHECK(json["expert_parallel"] == 1);
    CHECK(json["zero_stage"] == 0);
    CHECK(json["devices_in_all"] == 2);
    CHECK(json["parameters"].is_null());
    CHECK(json["model_flops_per_s"].is_null());
    CHECK(json["model_flops_utilization"].is_null());
    CHECK(json["recompute"] == "none");
    CHECK(json["weight_gradient"] == "accumulated");
    CHECK(json["deadlock"].is_null());
    CHECK(json["pipeline_time_s"] == 9.0);  // (M + K - 1)(F + B)
    CHECK(json["step_time_s"] == 9.0);
    CHECK(json["ideal_time_s"] == 6.0);
    CHECK(json["forward_s"] == 2.0);
    CHECK(json["backward_s"] == 4.0);
    CHECK(json["recompute_s"] == 0.0);
    CHECK(json["all_reduce_s"] == 0.0);
    CHECK(json["optimizer_s"] == 0.0);
    CHECK(json["samples_per_s"] == 4.0 / 9);
    CHECK(json["bubble_fraction"] == 1.0 / 3);  // (K - 1) / (M + K - 1)
    CHECK(json["bubble_over_ideal"] == 0.5);    // (K - 1) / M
    CHECK(json["bubble_formula"] == 1.0 / 3);
    CHECK(json["bubble_breakdown"]["fill_drain"] == 1.0 / 3);
    CHECK(json["bubble_breakdown"]["imbalance"] == 0.0);
    CHECK(json["bubble_breakdown"]["communication"] == 0.0);
    CHECK(json["bubble_breakdown"]["other"] == 0.0);
    CHECK(json["fits_memory"] == true);
    REQUIRE(json["devices"].size() == 2);
    for (int device = 0; device < 2; ++device) {
      const Json& use = json["devices"][static_cast<std::size_t>(device)];
      CHECK(use["device"] == device);
      CHECK(use["stages"] == Json::array({device}));
      CHECK(use["busy_s"] == 6.0);
      CHECK(use["idle_s"] == 3.0);
      CHECK(use["bubble_fraction"] == 1.0 / 3);
      CHECK(use["peak_memory_bytes"] == 170);  // Static, two stashes, and a message.
      CHECK(use["capacity_bytes"].is_null());
      CHECK(use["static_bytes"] == 100);
      CHECK(use["peak_in_flight"] == 2);
    }
    CHECK(json["devices"][0]["peak_at_s"] == 1.0);  // The start of F1, which sends.
    CHECK(json["devices"][1]["peak_at_s"] == 3.0);  // The start of B1, which sends.
  }

  TEST_CASE("shared links tell what they carried, and which of them held messages up") {
    Experiment experiment = test::experiment_from(small);
    experiment.costs.hops = {{.occupancy = 2'000'000_us}};
    experiment.costs.links = test::one_bridge(2);
    // The bridge is busy from 1 to 5 and from 8 to 12; F1 of stage 0 ends at 2, and waits until 3.
    const Json json = summary(experiment);
    CHECK(json["pipeline_time_s"] == 14.0);
    CHECK(json["links"].dump() ==
          R"([{"link":"bridge","busy_s":8.0,"utilisation":0.5714285714285714,)"
          R"("messages":4,"bytes":40,"waited_s":1.0}])");
    CHECK(json["bottleneck_link"] == "bridge");
    experiment.costs.hops = {{.occupancy = 500'000_us}};
    CHECK(summary(experiment)["bottleneck_link"].is_null());
    experiment.costs.links = {};
    CHECK_FALSE(summary(experiment).contains("links"));
    CHECK_FALSE(summary(experiment).contains("bottleneck_link"));
  }

  TEST_CASE("a model with layers shows its partition") {
    const Json json = summary(test::example("gpipe.json", {"pipeline.partition=uniform"}));
    CHECK(json["partition"] == Json::array({3, 3, 3, 2}));
    CHECK_FALSE(summary(test::experiment_from(small)).contains("partition"));
  }

  TEST_CASE("a transformer tells its parameters, how it is shared, and the use of the devices") {
    const Json json = summary(test::experiment_from(R"({
      "model": {"kind": "transformer", "num_layers": 4, "hidden_size": 64, "seq_length": 32,
                "num_attention_heads": 8, "vocab_size": 1000},
      "cluster": {"device": "a100-80gb"},
      "pipeline": {"schedule": "1f1b", "stages": 2, "micro_batches": 4},
      "training": {"data_parallel": 2, "tensor_parallel": 2, "context_parallel": 2,
                   "zero_stage": 1, "precision": "fp16"}})"));
    CHECK(json["tensor_parallel"] == 2);
    CHECK(json["context_parallel"] == 2);
    CHECK(json["expert_parallel"] == 1);
    CHECK(json["zero_stage"] == 1);
    CHECK(json["devices_in_all"] == 16);
    const int of_a_block = 12 * 64 * 64 + 13 * 64;
    CHECK(json["parameters"] == 4 * of_a_block + (1000 + 32) * 64 + 2 * 64);
    const double flops = 72.0 * 4 * 32 * 64 * 64 * (1 + 32 / (6.0 * 64) + 1000 / (12.0 * 64 * 4));
    const double rate = 8 * flops / (16 * json["step_time_s"].get<double>());
    CHECK(json["model_flops_per_s"].get<double>() == doctest::Approx(rate));
    CHECK(json["model_flops_utilization"].get<double>() == doctest::Approx(rate / 312e12));
  }

  TEST_CASE("replicas add an all-reduce to the step and multiply its samples") {
    const Json json = summary(test::experiment_from(R"({
      "model": {"kind": "stage_costs", "forward": 1, "backward": 2, "parameter_bytes": 100},
      "cluster": {"interconnect": {"bandwidth": 100}},
      "pipeline": {"stages": 1, "micro_batches": 1},
      "training": {"batch_size": 4, "data_parallel": 2}})"));
    CHECK(json["pipeline_time_s"] == 3.0);
    CHECK(json["all_reduce_s"] == 1.0);  // 2 steps of 50 bytes.
    CHECK(json["step_time_s"] == 4.0);
    CHECK(json["samples_per_s"] == 2.0);
    CHECK(json["data_parallel"] == 2);
    CHECK(json["devices"].size() == 1);  // Of one replica.
  }

  TEST_CASE("re-computation is shown, and counts as busy") {
    const Json json = summary(test::experiment_from(
        small, {"pipeline.recompute=full", "pipeline.recompute_placement=lazy"}));
    CHECK(json["recompute"] == "full");
    CHECK(json["recompute_s"] == 2.0);
    CHECK(json["ideal_time_s"] == 8.0);
    CHECK(json["pipeline_time_s"] == 12.0);  // (M + K - 1)(F + B + R)
    CHECK(json["bubble_formula"] == 1.0 / 3);
  }

  TEST_CASE("a deferred weight gradient is shown, and its update is part of the backward") {
    const Json json =
        summary(test::experiment_from(small, {"model.backward_input=1", "model.backward_weight=1",
                                              "training.weight_gradient=deferred"}));
    CHECK(json["weight_gradient"] == "deferred");
    CHECK(json["backward_s"] == 4.0);       // M (I + W)
    CHECK(json["pipeline_time_s"] == 8.0);  // (M + K - 1)(F + I) + M W
    CHECK(json["bubble_formula"] == 2.0 / 8);
    CHECK(json["bubble_fraction"] == 2.0 / 8);
    CHECK(json["optimizer_s"] == 0.0);
  }

  TEST_CASE("where there is no closed form the formula is null") {
    CHECK(summary(test::experiment_from(
        small,
        {"pipeline.recompute=except_last", "pipeline.recompute_placement=lazy"}))["bubble_formula"]
              .is_null());
  }

  TEST_CASE("a step in which nothing takes time has no rate, and no bubble") {
    const Json json =
        summary(test::experiment_from(small, {"model.forward=0", "model.backward=0"}));
    CHECK(json["samples_per_s"].is_null());
    CHECK(json["bubble_fraction"] == 0.0);
    CHECK(json["bubble_over_ideal"] == 0.0);
    CHECK(json["devices"][0]["bubble_fraction"] == 0);
  }

  TEST_CASE("what does not fit says where, when, by how much, and what was tried") {
    const Json json = summary(
        test::experiment_from(small, {R"(cluster.device={"memory": 150})"}),
        {{.settings = {"pipeline.schedule=1f1b"}, .fits = true, .peak = 140, .step_time = 9_us}});
    CHECK(json["fits_memory"] == false);
    CHECK(json["devices"][0]["capacity_bytes"] == 150);
    REQUIRE(json["out_of_memory"].size() == 2);
    CHECK(json["out_of_memory"][0].dump() ==
          R"({"device":0,"op":"F0.1","at_s":1.0,"needed_bytes":170,"excess_bytes":20})");
    CHECK(json["out_of_memory"][1].dump() ==
          R"({"device":1,"op":"F1.1","at_s":2.0,"needed_bytes":160,"excess_bytes":10})");
    CHECK(json["advice"].dump() ==
          R"([{"setting":"--set pipeline.schedule=1f1b","set":["pipeline.schedule=1f1b"],)"
          R"("fits_memory":true,)"
          R"("peak_memory_bytes":140,"step_time_s":9e-06}])");
  }

  TEST_CASE("numbers are the shortest that read back the same") {
    const Json json = summary(test::example("gpipe.json"));
    const std::string text = to_text(json);
    CHECK(text.ends_with("]\n}\n"));
    CHECK(Json::parse(text) == json);
  }
}

}  // namespace pipesim

#include "sim/assemble/replica_costs.hpp"
#include "sim/assemble/assemble.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "models/base/input_error.hpp"
#include "reports/summary/summary_json.hpp"
#include "reports/summary/summary_text.hpp"
#include "sim/step/run.hpp"
#include "sim/whatif/advice.hpp"
#include "sim/whatif/variants.hpp"
#include "support/experiments.hpp"

using namespace pipesim;
using test::experiment_from;

namespace {

// Two stages, gpipe: F takes 1 s, B 2 s. Rank d + D·p.
std::string two_stages(const std::string& cluster, int replicas, const std::string& more = "") {
  return R"({"model": {"kind": "stage_costs", "forward": 1, "backward": 2,
                       "parameter_bytes": "8 MB"},
             "cluster": {"interconnect": {"bandwidth": "1 MB/s"}, )" +
         cluster + R"(}, "pipeline": {"stages": 2, "micro_batches": 4)" + more +
         R"(}, "training": {"data_parallel": )" + std::to_string(replicas) +
         R"(, "batch_size": 4}})";
}

// Layers of 1 s forward and 2 s backward.
std::string layers(int count, const std::string& cluster, int replicas,
                   const std::string& partition) {
  std::string list;
  for (int l = 0; l < count; ++l) {
    list += (l == 0 ? "" : ", ") + std::string(R"({"forward": 1, "backward": 2})");
  }
  return R"({"model": {"kind": "layers", "layers": [)" + list + R"(]}, "cluster": {)" + cluster +
         R"(}, "pipeline": {"stages": 2, "micro_batches": 4, "partition": ")" + partition +
         R"("}, "training": {"data_parallel": )" + std::to_string(replicas) +
         R"(, "batch_size": 4}})";
}

}  // namespace

TEST_SUITE_BEGIN("sim/assemble/replica_costs");

TEST_CASE("a straggler on one device of a pipeline holds up the others") {
  const Run run = simulate(experiment_from(two_stages(R"("stragglers": {"0": 2})", 1)));
  // Device 0: four F of 2 s. Device 1: its last F ends at 9 s, B3 at 11 s. Device 0: four B of 4 s.
  CHECK(run.metrics.pipeline_time == to_time(27));
  CHECK(run.outcome.devices[0].busy() == to_time(24));
  CHECK(run.outcome.devices[1].busy() == to_time(12));
}

TEST_CASE("a straggler in one of two replicas: both sum their gradients when it is done") {
  const Experiment experiment = experiment_from(two_stages(R"("stragglers": {"1": 2})", 2));
  CHECK(experiment.replicas.size() == 2);
  CHECK(experiment.slowest_replica == 1);
  const Run run = simulate(experiment);
  CHECK(run.metrics.pipeline_time == to_time(27));
  CHECK(run.metrics.step_time == to_time(27 + 8));
  CHECK(run.outcome.devices[0].busy() == to_time(24));
  // Replica 1 is done with stage 1 at 17 s, replica 0 at 13 s.
  CHECK(run.outcome.timeline.tail[1].when.start == to_time(17));
  CHECK(summary_json(experiment, run, {})["slowest_replica"] == 1);
}

TEST_CASE("each stage's sum waits for the replica that is last with it") {
  // Replica 0 is three times slower on stage 1: F3 ends there at 13 s, B0 at 37 s; then B0 of stage
  // 0 at 39 s. Replica 1 is three times slower on stage 0: its B0 of stage 0 ends at 12 + 3 + 24 s.
  const Experiment experiment = experiment_from(two_stages(R"("stragglers": {"2": 3, "1": 3})", 2));
  const Run run = simulate(experiment);
  CHECK(experiment.slowest_replica == 0);
  CHECK(run.metrics.pipeline_time == to_time(39));
  REQUIRE(run.outcome.timeline.tail.size() == 2);
  CHECK(run.outcome.timeline.tail[0].when.start == to_time(39));
  CHECK(run.outcome.timeline.tail[1].when.start == to_time(37));
  CHECK(run.metrics.step_time == to_time(47));
}

TEST_CASE("buckets that are summed beside the backward wait for the slowest replica, too") {
  const auto step = [](const std::string& stragglers, int replicas) {
    std::string text = two_stages(R"("stragglers": {)" + stragglers + "}", replicas);
    text.insert(text.rfind("\"batch_size\""), "\"overlap_grad_reduce\": true, ");
    return simulate(experiment_from(text)).metrics.step_time;
  };
  // One bucket of 8 MB: ready when the last backward is, at 15 s, or at 27 s in replica 1.
  CHECK(step("", 2) == to_time(15 + 8));
  CHECK(step("\"1\": 2", 2) == to_time(27 + 8));
}

TEST_CASE("replicas that are alike are simulated once, or each, to the same end") {
  const std::string text = two_stages(R"("stragglers": {"1": 2, "3": 2})", 3);
  const Experiment once = experiment_from(text);
  CHECK(once.replicas.size() == 3);  // 0: stage 1 slow; 1: stage 0 slow; 2.
  for (const char* stragglers : {R"("stragglers": {"1": 2})", R"("stragglers": {})"}) {
    const Experiment alike = experiment_from(two_stages(stragglers, 5));
    const Experiment each = assemble(alike.config, SimulatedReplicas::each);
    CHECK(each.replicas.size() == 5);
    CHECK(each.slowest_replica == alike.slowest_replica);
    CHECK(simulate(each).metrics.step_time == simulate(alike).metrics.step_time);
  }
}

TEST_CASE("a list of all ranks' devices: the memory verdict is about every replica") {
  const std::string small = R"({"memory": "8 MB"})";
  const std::string large = R"({"memory": "16 MB"})";
  std::string text =
      two_stages("\"device\": [" + large + ", " + small + ", " + large + ", " + large + "]", 2);
  text.insert(text.find("\"parameter_bytes\""), "\"stash_bytes\": \"1 MB\", ");
  const Experiment experiment = experiment_from(text);
  CHECK(experiment.slowest_replica == 0);
  const Run run = simulate(experiment);
  CHECK_FALSE(run.metrics.fits_memory);
  REQUIRE(run.other_overflows.size() == 1);
  CHECK(describe_overflow(experiment, run) ==
        "in replica 1 device 0 runs out of its 7.629 MiB at 0 ps, 976.6 KiB short in F0 of stage "
        "0; at its peak it needs 11.44 MiB, 3.815 MiB too much");
  const auto summary = summary_json(experiment, run, {});
  REQUIRE(summary["out_of_memory"].size() == 1);
  CHECK(summary["out_of_memory"][0]["replica"] == 1);
  CHECK(summary["out_of_memory"][0]["excess_bytes"] == 1'000'000);
  CHECK_FALSE(what_would_fit(experiment.config).empty());
}

TEST_CASE("a balanced partition gives a straggler fewer layers, in whichever replica it is") {
  for (const auto& [stragglers, replicas] :
       {std::pair{R"("stragglers": {"0": 3})", 1}, {R"("stragglers": {"1": 3})", 2}}) {
    const Experiment uniform = experiment_from(layers(4, stragglers, replicas, "uniform"));
    const Experiment balanced = experiment_from(layers(4, stragglers, replicas, "balanced"));
    CHECK(uniform.partition == Partition{2, 2});
    CHECK(balanced.partition == Partition{1, 3});
    // gpipe: 4 forwards of 6 s, 2 s of F and 4 s of B on device 1, 4 backwards of 12 s.
    CHECK(simulate(uniform).metrics.pipeline_time == to_time(4 * 6 + 6 + 4 * 12));
    // Equal stages of 3 s and 6 s: (4 + 2 − 1) · 9 s.
    CHECK(simulate(balanced).metrics.pipeline_time == to_time(45));
  }
}

TEST_CASE("an automatic schedule is made for the slowest of each stage's replicas") {
  const auto lanes = [](const std::string& stragglers, int replicas) {
    const std::string text =
        R"({"model": {"kind": "stage_costs", "forward": 1, "backward_input": 1,
                      "backward_weight": 1}, "cluster": {"stragglers": {)" +
        stragglers + R"(}}, "pipeline": {"schedule": "zb_auto", "stages": 3, "micro_batches": 6},
           "training": {"data_parallel": )" +
        std::to_string(replicas) + R"(, "batch_size": 6}})";
    return experiment_from(text).schedule.lanes;
  };
  CHECK(lanes("\"1\": 2", 1) == lanes("\"3\": 2", 2));
  CHECK(lanes("\"1\": 2, \"2\": 3", 1) == lanes("\"3\": 2, \"4\": 3", 2));
}

TEST_CASE("a stage is as slow as the slowest of its tensor-parallel ranks") {
  const auto costs = [](const std::string& cluster) {
    return experiment_from(R"({"model": {"kind": "transformer", "num_layers": 4,
        "hidden_size": 1024, "num_attention_heads": 16, "seq_length": 512, "vocab_size": 4096},
      "cluster": {)" + cluster +
                           R"(}, "pipeline": {"stages": 2, "micro_batches": 2},
      "training": {"tensor_parallel": 2, "precision": "fp16"}})")
        .costs.stages;
  };
  CHECK(costs(R"("device": "v100-16gb", "stragglers": {"3": 2})") ==
        costs(R"("device": "v100-16gb", "stragglers": {"2": 2, "3": 2})"));
  CHECK(costs(R"("device": ["a100-40gb", "a100-40gb", "a100-40gb", "v100-16gb"])") ==
        costs(R"("device": ["a100-40gb", "v100-16gb"])"));
}

TEST_CASE("every contrast of an uneven cluster can be simulated or says why not") {
  for (const std::string& text : {two_stages(R"("stragglers": {"1": 2})", 2),
                                  layers(8, R"("stragglers": {"1": 2})", 2, "balanced")}) {
    const Experiment experiment = experiment_from(text);
    for (const Variant& variant : contrasts(experiment.config)) {
      if (!variant.reason.empty()) continue;
      const Attempt attempt = try_assemble(variant.config);
      CHECK(attempt.experiment.has_value() != !attempt.reason.empty());
      if (attempt.experiment) CHECK(simulate(*attempt.experiment).metrics.step_time >= to_time(15));
    }
    CHECK(data_parallel_variant(experiment.config, Recompute::none).reason == "the devices differ");
  }
}

TEST_CASE("a stage on two devices can't have a straggler") {
  CHECK_THROWS_WITH_AS(
      experiment_from(two_stages(R"("stragglers": {"1": 2})", 1, R"(, "schedule": "chimera")")),
      "config.json: /cluster/stragglers: make devices differ: the schedule holds every stage on "
      "two, got 1 of them\n  hint: leave them out, or choose a schedule that goes one way",
      InputError);
}

TEST_SUITE_END();

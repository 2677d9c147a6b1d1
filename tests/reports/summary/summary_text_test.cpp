#include "reports/summary/summary_text.hpp"

#include <doctest/doctest.h>

#include "sim/step/run.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

std::string summary_of(const Experiment& experiment, const std::vector<Advice>& advice = {}) {
  std::string text;
  Output out([&](std::string_view part) { text += part; });
  write_summary_text(out, experiment, simulate(experiment), advice, {});
  out.flush();
  return text;
}

std::string line_with(const std::string& text, std::string_view part) {
  const auto at = text.find(part);
  if (at == text.npos) return "no such line";
  const auto first = text.rfind('\n', at) + 1;
  return text.substr(first, text.find('\n', at) - first);
}

constexpr std::string_view small_text_config = R"({
  "name": "small",
  "model": {"kind": "stage_costs", "forward": 1, "backward": 2, "stash_bytes": 30,
            "boundary_bytes": 10, "parameter_bytes": 100},
  "pipeline": {"stages": 2, "micro_batches": 2},
  "training": {"batch_size": 4}})";

}  // namespace

TEST_SUITE("reports/summary/summary_text") {
  TEST_CASE("a small pipeline in full") {
    CHECK(summary_of(test::experiment_from(small_text_config)) ==
          R"(small: gpipe, 2 stages, 2 micro-batches

time      0   1   2   3   4   5   6   7   8
device 0  F0  F1  .   .   .   B1----  B0----
device 1  .   F0  F1  B1----  B0----  .   .
          F forward   B backward   . idle

step time    9 s, 0.4444 samples/s
  pipeline   9 s, of which a device computes 6 s on average
bubble       33.33 % of all device time; 33.33 % by the formula for equal stages and free transfers
  from       fill and drain 33.33 %, imbalance 0.00 %, communication 0.00 %
memory       fits: at most 170 B on a device, device 0

device        busy        idle    bubble  peak memory  of it static     peak at  in flight
     0         6 s         3 s   33.33 %        170 B         100 B         1 s          2
     1         6 s         3 s   33.33 %        170 B         100 B         3 s          2
)");
  }

  TEST_CASE("where stages have no bytes nothing is said of memory") {
    const std::vector<std::string> no_bytes = {"model.stash_bytes=0", "model.boundary_bytes=0",
                                               "model.parameter_bytes=0"};
    const std::string text = summary_of(test::experiment_from(small_text_config, no_bytes));
    CHECK(line_with(text, "device  ") == "device        busy        idle    bubble  in flight");
    CHECK(line_with(text, "memory") == "no such line");
  }

  TEST_CASE("of shared links the one is named that messages waited for, or the busiest") {
    Experiment experiment = test::experiment_from(small_text_config);
    experiment.costs.links = test::one_bridge(2);
    CHECK(line_with(summary_of(experiment), "link  ") == "no such line");
    experiment.costs.hops = {{.occupancy = 2'000'000_us}};
    CHECK(line_with(summary_of(experiment), "link  ") ==
          "link         bridge: busy 57.14 %, messages waited 1 s for it");
    experiment.costs.hops = {{.occupancy = 500'000_us}};
    CHECK(line_with(summary_of(experiment), "link  ") ==
          "link         bridge: busy 20.00 %, no message waited for it");
  }

  TEST_CASE("what does not fit says which device, when, by how much, and what would help") {
    const Experiment experiment =
        test::experiment_from(small_text_config, {R"(cluster.device={"memory": 150})"});
    CHECK(
        describe_overflow(experiment, simulate(experiment)) ==
        "device 0 runs out of its 150 B at 1 s, 20 B short in F1 of stage 0; at its peak it needs "
        "170 B, 20 B too much; 2 of 2 devices run out");
    const std::string text = summary_of(
        experiment,
        {{.settings = {"pipeline.schedule=1f1b"}, .fits = true, .peak = 140, .step_time = 9_us}});
    CHECK(line_with(text, "memory  ") ==
          "memory       DOES NOT FIT: device 0 runs out of its 150 B at 1 s, 20 B short in F1 of "
          "stage 0; "
          "at its peak it needs 170 B, 20 B too much; 2 of 2 devices run out");
    CHECK(line_with(text, "would fit") ==
          "  would fit  --set pipeline.schedule=1f1b: at most 140 B on a device, 9 µs a step");
    CHECK(line_with(summary_of(experiment, {{.settings = {"a=b"}, .peak = 160}}), "no setting") ==
          "  no setting tried fits; the nearest, --set a=b, needs 160 B");
  }

  TEST_CASE("the first device to run out is the one described, not the first in the list") {
    const Experiment experiment = test::experiment_from(
        small_text_config, {R"(cluster.device=[{"memory": 1000}, {"memory": 120}])"});
    CHECK(
        describe_overflow(experiment, simulate(experiment)) ==
        "device 1 runs out of its 120 B at 1 s, 10 B short in F0 of stage 1; at its peak it needs "
        "170 B, 50 B too much");
    const Experiment fitting = test::experiment_from(small_text_config);
    CHECK(describe_overflow(fitting, simulate(fitting)) == "");
  }

  TEST_CASE("the title says what is computed again, when, and on how many replicas") {
    const std::string text = summary_of(test::experiment_from(
        small_text_config, {"pipeline.recompute=full", "training.data_parallel=3"}));
    CHECK(text.substr(0, text.find('\n')) ==
          "small: gpipe, 2 stages, 2 micro-batches, re-computation full (eager), 3 replicas");
    CHECK(line_with(text, "  pipeline ") ==
          "  pipeline   11 s, of which a device computes 8 s on average (2 s again)");
  }

  TEST_CASE("a transformer's title says how large it is, and what its devices are a product of") {
    constexpr std::string_view transformer = R"({
      "name": "t", "model": {"kind": "transformer", "num_layers": 4, "hidden_size": 64,
                "seq_length": 32, "num_attention_heads": 8, "vocab_size": 1000},
      "cluster": {"device": "a100-80gb"},
      "pipeline": {"stages": 2, "micro_batches": 4, "recompute": "layers"},
      "training": {"precision": "fp16"}})";
    const auto first_lines = [&](const std::vector<std::string>& settings) {
      const std::string text = summary_of(test::experiment_from(transformer, settings));
      return text.substr(0, text.find("\n\n"));
    };
    CHECK(first_lines({}) ==
          "t: gpipe, 2 stages, 4 micro-batches, re-computation layers\n"
          "266.1 k parameters; 2 × a100-80gb over ideal: pipeline 2 × tensor 1 × data 1\n"
          "layers per stage: 2 2");
    CHECK(first_lines({"training.tensor_parallel=4", "training.sequence_parallel=true",
                       "training.context_parallel=2", "training.data_parallel=2",
                       "training.zero_stage=1", "model.num_experts=4",
                       "training.expert_parallel=4"}) ==
          "t: gpipe, 2 stages, 4 micro-batches, re-computation layers, 2 replicas\n"
          "659.1 k parameters; 32 × a100-80gb over ideal: pipeline 2 × tensor 4 × context 2 × "
          "data 2, sequence parallel, experts over 4, ZeRO 1\n"
          "layers per stage: 2 2");
    CHECK(
        first_lines({"training.tensor_parallel=4", "training.sequence_parallel=true",
                     "training.context_parallel=4", "model.num_experts=32",
                     "training.expert_parallel=16"}) ==
        "t: gpipe, 2 stages, 4 micro-batches, re-computation layers\n"
        "4.336 M parameters; 32 × a100-80gb over ideal: pipeline 2 × tensor 4 × context 4 (p2p) × "
        "data 1, sequence parallel, experts over 16 × tensor 1\n"
        "layers per stage: 2 2");
  }

  TEST_CASE("the title says that the weight gradient is deferred") {
    const std::string text = summary_of(test::experiment_from(
        small_text_config, {"model.backward_input=1", "model.backward_weight=1",
                            "training.weight_gradient=deferred"}));
    CHECK(text.substr(0, text.find('\n')) ==
          "small: gpipe, 2 stages, 2 micro-batches, deferred weight gradient");
  }

  TEST_CASE("a name's control characters do not reach the terminal") {
    CHECK(summary_of(test::experiment_from(small_text_config, {R"(name="\u001b[31mred")"}))
              .starts_with("\\u001b[31mred: gpipe"));
  }

  TEST_CASE("a model with layers shows the devices and the layers per stage") {
    const std::string text =
        summary_of(test::example("gpipe.json", {"pipeline.partition=uniform"}));
    CHECK(line_with(text, "layers per stage") ==
          "4 × v100-16gb over nvlink2; layers per stage: 3 3 3 2");
  }
}

}  // namespace pipesim

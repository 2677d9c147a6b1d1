#include <doctest/doctest.h>

#include "fuzz/json_mutation.hpp"
#include "fuzz/target.hpp"
#include "models/base/document.hpp"
#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::test {

namespace {

// A transformer that shares its layers in every way.
constexpr std::string_view transformer = R"({
  "model": {"kind": "transformer", "num_layers": 8, "hidden_size": 32, "num_attention_heads": 4,
            "num_query_groups": 4, "kv_channels": 8, "ffn_hidden_size": 64, "seq_length": 16,
            "vocab_size": 60, "position_embedding_type": "rope", "normalization": "RMSNorm",
            "swiglu": true, "add_bias_linear": false, "attention_dropout": 0.1,
            "hidden_dropout": 0, "untie_embeddings_and_output_weights": false},
  "cluster": {"device": {"flops": 1e12, "memory_bandwidth": 1e11, "memory": "4 GiB",
                         "efficiency": {"product": {"compute": 0.5, "overhead": 1e-6},
                                        "hidden_communication": 0.5}},
              "interconnect": {"node_size": 4, "intra_node": {"bandwidth": 1e9, "latency": 1e-6},
                               "inter_node": "ib-hdr"},
              "host_time_per_layer": 1e-5},
  "pipeline": {"schedule": "1f1b", "stages": 2, "micro_batches": 4, "recompute": "layers",
               "num_layers_in_first_pipeline_stage": 3},
  "training": {"batch_size": 8, "data_parallel": 2, "tensor_parallel": 2, "context_parallel": 2,
               "sequence_parallel": true, "zero_stage": 1, "overlap_grad_reduce": true,
               "precision": "bf16", "gradient_precision": "fp32", "optimizer": "adam"}})";

struct Counts {
  int ran = 0;
  int refused = 0;
};

void try_damaged(const std::string& sound, int trials, Random& random, Counts& counts) {
  REQUIRE(config_outcome(sound) == "ran");
  for (int i = 0; i < trials; ++i) {
    std::string text = sound;
    for (std::size_t times = 1 + below(random, 3); times > 0; --times) damage_json(text, random);
    const std::string outcome = config_outcome(text);
    if (outcome == "large") continue;
    if (outcome == "ran") {
      ++counts.ran;
      continue;
    }
    ++counts.refused;
    if (!is_sound_error(outcome, "config.json:")) {
      CAPTURE(text);
      CAPTURE(outcome);
      FAIL_CHECK("neither ran nor was refused in two lines");
    }
  }
}

// Replicas of a pipeline over a tree of half- and full-duplex links, some of them double.
constexpr const char* over_a_tree = R"({
  "name": "tree",
  "model": { "kind": "layers", "input_bytes": "1 MB", "layers": [
    { "forward": "1 ms", "backward": "2 ms", "output_bytes": "1 MB", "parameter_bytes": "4 MB" },
    { "forward": "1 ms", "backward": "2 ms", "output_bytes": "1 MB", "parameter_bytes": "4 MB" } ] },
  "cluster": { "order": "tp-cp-dp-pp", "stragglers": { "1": 1.5 }, "topology": {
    "name": "desk", "devices": ["a", "b", "c", "d"], "switches": ["left", "right", "host"],
    "links": [
      { "between": ["a", "left"], "interconnect": "pcie3" },
      { "between": ["b", "left"], "interconnect": "pcie3", "duplex": "half" },
      { "between": ["c", "right"], "interconnect": { "bandwidth": "8 GB/s", "latency": "5 us" } },
      { "between": ["d", "right"], "interconnect": "pcie4", "duplex": "full" },
      { "between": ["left", "host"], "interconnect": "pcie4", "count": 2 },
      { "between": ["host", "right"], "interconnect": "ideal", "count": 1 } ] } },
  "pipeline": { "schedule": "1f1b", "stages": 2, "micro_batches": 4 },
  "training": { "batch_size": 8, "data_parallel": 2 } })";

}  // namespace

TEST_SUITE("fuzz") {
  TEST_CASE("a damaged config runs, or is refused in two lines, and nothing else") {
    Random random(20260101);
    Counts counts;
    try_damaged(std::string(transformer), 2000, random, counts);
    for (const char* name : {"unit", "gpipe", "imbalanced", "giant", "does_not_fit"}) {
      try_damaged(read_text(std::string(PIPESIM_SOURCE_DIR "/examples/") + name + ".json"), 2000,
                  random, counts);
    }
    // The damage is neither so light nor so heavy that one of the two paths goes untested.
    CHECK(counts.ran >= 500);
    CHECK(counts.refused >= 500);
  }

  TEST_CASE("a damaged topology runs, or is refused in two lines, and nothing else") {
    Random random(4096);
    Counts counts;
    try_damaged(over_a_tree, 4000, random, counts);
    CHECK(counts.ran >= 100);  // Most of its text is names and links, which must agree.
    CHECK(counts.refused >= 500);
  }

  TEST_CASE("a damaged setting is refused in two lines or taken") {
    Random random(7);
    const std::string config = read_text(PIPESIM_SOURCE_DIR "/examples/gpipe.json");
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
      std::string setting = "model.layer_sizes.1=[1, {\"a\": \"5 GiB\"}]";
      for (std::size_t times = 1 + below(random, 8); times > 0; --times)
        damage_json(setting, random);
      std::erase(setting, '\0');  // A command line holds none.
      for (const InputError& error :
           parse_document(config, "config.json", {setting}).mistakes.shown) {
        ++refused;
        CAPTURE(setting);
        const std::string_view text = error.what();
        CHECK(text.starts_with("--set: /"));
        CHECK(text.find("\n  hint: ") != text.npos);
      }
    }
    CHECK(refused >= 500);
  }
}

}  // namespace pipesim::test
